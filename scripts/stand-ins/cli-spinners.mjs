// Replaces cli-spinners, of whose ninety spinners ora draws two (ui/spinner.ts).
import { dots, line } from '../../node_modules/cli-spinners/spinners.json';

export default { dots, line };
