// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TransferProof} from "../../contracts/verifier/TransferProof.sol";
import {Handler} from "./invariants/Handler.sol";
import {Inferences} from "./invariants/Inferences.sol";
import {deploy} from "./invariants/Vm.sol";

/// @notice What no sequence of mints, transfers, clones, updates, stagings, authorisations, burns, rotations and time can
/// break. The handler makes the sequences and knows what must come of them.
contract INFTInvariantTest {
    Handler private _handler;

    function setUp() external {
        _handler = Handler(deploy("test/contracts/invariants/Handler.sol:Handler", ""));
    }

    struct FuzzSelector {
        address target;
        bytes4[] selectors;
    }

    /// @dev Of Hardhat: nothing else is called at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev Of Hardhat: what is called of it.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), _actions());
    }

    function invariant_OwnersBalancesCountersAndEventsAgree() external view {
        _handler.checkOwners();
    }

    function invariant_DataIsWhatWasProvenAndKeysAreTheOwners() external view {
        _handler.checkData();
    }

    function invariant_UsersAreThoseAuthorisedSinceTheLastTransfer() external view {
        _handler.checkUsers();
    }

    function invariant_NoProofIsAcceptedTwice() external {
        _handler.checkReplays();
    }

    function invariant_DataMovesOnlyWithItsKeys() external {
        _handler.checkPlainTransfers(block.timestamp);
    }

    function invariant_AResultIsOneToken() external view {
        _handler.checkProvenance();
    }

    /// @notice The invariants would hold of a history in which nothing happens. Everything does.
    function test_RandomHistoriesReachEverything() external {
        bytes4[] memory actions = _actions();
        for (uint256 i = 0; i < 1500; ++i) {
            bytes32 random = keccak256(abi.encode("history", i));
            (bool success, ) = address(_handler).call(
                bytes.concat(actions[uint256(random) % actions.length], abi.encode(_words(random)))
            );
            require(success, "an action reverted");
        }
        string[15] memory happenings = [
            "mint",
            "mint of an inference",
            "batch of inferences",
            "bound inference",
            "open inference",
            "second mint of an inference refused",
            "plain transfer",
            "staging",
            "staging taken back",
            "staged transfer",
            "late completion refused",
            "too few attestors refused",
            "authorisation",
            "revocation",
            "burn"
        ];
        for (uint256 i = 0; i < happenings.length; ++i) require(_handler.done(happenings[i]) > 0, happenings[i]);
        for (uint256 dialect = 0; dialect < 4; ++dialect) {
            for (uint256 collection = 0; collection < _handler.COLLECTIONS(); ++collection) {
                require(_handler.delivered(TransferProof.TRANSFER, dialect, collection) > 0, "a transfer is missing");
                require(_handler.delivered(TransferProof.CLONE, dialect, collection) > 0, "a clone is missing");
            }
        }
    }

    function invariant_OnlyActiveAttestorsCount() external {
        _handler.checkAttestors();
    }

    /// @dev Deliveries more often than the rest.
    function _actions() private pure returns (bytes4[] memory actions) {
        bytes4[30] memory all = [
            Handler.mint.selector,
            Handler.mint.selector,
            Handler.mintBatch.selector,
            Inferences.mintInference.selector,
            Inferences.mintInference.selector,
            Inferences.rotateSigner.selector,
            Handler.transfer.selector,
            Handler.transfer.selector,
            Handler.transfer.selector,
            Handler.clone.selector,
            Handler.clone.selector,
            Handler.stage.selector,
            Handler.stage.selector,
            Handler.unstage.selector,
            Handler.plainTransfer.selector,
            Handler.plainTransfer.selector,
            Handler.tooFewAttestors.selector,
            Handler.update.selector,
            Handler.updateHashes.selector,
            Handler.approve.selector,
            Handler.setOperator.selector,
            Handler.delegate.selector,
            Handler.authorise.selector,
            Handler.batchAuthorise.selector,
            Handler.revoke.selector,
            Handler.clear.selector,
            Handler.burn.selector,
            Handler.strangerActs.selector,
            Handler.pass.selector,
            Handler.rotateAttestor.selector
        ];
        actions = new bytes4[](all.length);
        for (uint256 i = 0; i < all.length; ++i) actions[i] = all[i];
    }

    /// @dev Arguments for any action: as many as the longest takes.
    function _words(bytes32 random) private pure returns (uint256[4] memory words) {
        for (uint256 i = 0; i < 4; ++i) words[i] = uint256(keccak256(abi.encode(random, i)));
    }
}
