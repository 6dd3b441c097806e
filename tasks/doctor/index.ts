import { task } from "hardhat/config";

import { JSON_FLAG } from "../support/arguments.ts";

export const doctorTasks = [
  task("doctor", "Check Node, chain, contracts, fees, wallet, ledger and providers, and say what to fix")
    .addFlag(JSON_FLAG)
    .setAction(() => import("./doctor.ts"))
    .build(),
];
