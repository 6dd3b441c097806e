// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILedgerManager} from "../../contracts/external/ILedgerManager.sol";
import {Sponsor} from "./Sponsor.sol";

interface Vm {
    function createSelectFork(string calldata url) external returns (uint256 forkId);
    function deal(address account, uint256 balance) external;
    function envOr(string calldata name, string calldata fallbackValue) external view returns (string memory);
    function expectRevert(bytes calldata revertData) external;
    function skip(bool skipTest) external;
}

/// @notice How to test a contract of yours from Solidity: on a fork of a served Galileo. Start one and name it:
/// `npx hardhat galileo up`, then `SERVED_GALILEO_URL=http://127.0.0.1:8545 npx hardhat test solidity
/// test/examples/Sponsor.t.sol`. Without the variable the tests are skipped.
contract SponsorTest {
    Vm private constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    ILedgerManager private constant LEDGER = ILedgerManager(0xE70830508dAc0A97e6c087c75f402f9Be669E406);
    address private constant AGENT = address(0xa6e47);

    Sponsor private _sponsor;

    error Expected(uint256 expected, uint256 actual);

    function setUp() external {
        string memory url = VM.envOr("SERVED_GALILEO_URL", "");
        if (bytes(url).length == 0) {
            VM.skip(true);
            return;
        }
        VM.createSelectFork(url);
        _sponsor = new Sponsor(LEDGER);
        VM.deal(address(this), 10 ether);
    }

    function testOpensALedgerForSomebodyElse() external {
        _sponsor.sponsor{value: 0.1 ether}(AGENT);
        _sponsor.sponsor{value: 2}(AGENT);

        _assertEqual(0.1 ether + 2, LEDGER.getLedger(AGENT).totalBalance);
        _assertEqual(0.1 ether + 2, _sponsor.granted(AGENT));
    }

    function testPassesTheLedgersRefusalOn() external {
        uint256 minimum = LEDGER.MIN_ACCOUNT_BALANCE();
        VM.expectRevert(abi.encodeWithSelector(ILedgerManager.MinimumDepositRequired.selector, minimum - 1, minimum));
        _sponsor.sponsor{value: minimum - 1}(AGENT);
    }

    function _assertEqual(uint256 expected, uint256 actual) private pure {
        if (expected != actual) revert Expected(expected, actual);
    }
}
