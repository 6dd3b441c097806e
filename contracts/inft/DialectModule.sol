// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {INFTDialects} from "./dialects/INFTDialects.sol";
import {CodeStore} from "./CodeStore.sol";

/// @title Where calls go that the token does not know: to the module of older dialects
/// @dev The module runs in this contract's place. It holds no state, creates nothing, and acts through {IDialectHost}.
abstract contract DialectModule is CodeStore {
    /// @dev The first contract this one creates: its address follows from that.
    address private immutable _dialects = _create(type(INFTDialects).creationCode);

    // solhint-disable-next-line payable-fallback
    fallback(bytes calldata call) external returns (bytes memory) {
        return Address.functionDelegateCall(_dialects, call);
    }
}
