/** Every task of the project: the table of contents. Actions are imported when they run, so help stays instant. */

import { doctorTasks } from "./doctor/index.ts";
import { flowTasks } from "./flow/index.ts";
import { galileoTasks } from "./galileo/index.ts";
import { inferenceTasks } from "./inference/index.ts";
import { inftTasks } from "./inft/index.ts";
import { jobTasks } from "./job/index.ts";
import { ledgerTasks } from "./ledger/index.ts";
import { providerTasks } from "./provider/index.ts";
import { storageTasks } from "./storage/index.ts";

export const tasks = [
  ...flowTasks,
  ...galileoTasks,
  ...doctorTasks,
  ...ledgerTasks,
  ...providerTasks,
  ...inferenceTasks,
  ...inftTasks,
  ...storageTasks,
  ...jobTasks,
];
