import { endorsementAction } from "./endorsement.ts";

export default endorsementAction(false);
