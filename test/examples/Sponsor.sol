// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILedgerManager} from "../../contracts/external/ILedgerManager.sol";

/// @title A contract of yours: it pays for other people's inference
/// @notice Stands for whatever a reader wants to test against 0G Compute.
contract Sponsor {
    /// @notice What one account has been given, in neuron.
    mapping(address account => uint256 amount) public granted;

    ILedgerManager private immutable _LEDGER;

    event Sponsored(address indexed account, uint256 amount);

    constructor(ILedgerManager ledger) {
        _LEDGER = ledger;
    }

    /// @notice Opens `account`'s ledger with the value sent, or adds the value to it.
    function sponsor(address account) external payable {
        granted[account] += msg.value;
        emit Sponsored(account, msg.value);
        _LEDGER.depositFundFor{value: msg.value}(account);
    }
}
