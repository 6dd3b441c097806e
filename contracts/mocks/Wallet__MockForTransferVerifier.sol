// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A contract account that is asked whether it signed (ERC-1271), and answers in every right and wrong way.
contract Wallet__MockForTransferVerifier {
    enum Answer {
        Magic,
        Refusal,
        TooShort,
        DirtyMagic,
        Revert,
        RevertWithMagic,
        BurnGas
    }

    bytes4 private constant MAGIC = 0x1626ba7e;

    error NotNow();

    mapping(bytes32 digest => bytes32 signature) private _signed;
    Answer private _answer;

    /// @notice Signs `digest`: from now on it answers for it, beside a signature of exactly these bytes.
    function sign(bytes32 digest, bytes calldata signature) external {
        _signed[digest] = keccak256(signature);
    }

    /// @notice How it answers for what it signed.
    function answerWith(Answer answer) external {
        _answer = answer;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (_signed[digest] != keccak256(signature)) return 0xffffffff;
        if (_answer == Answer.Magic) return MAGIC;
        if (_answer == Answer.Refusal) return 0xffffffff;
        if (_answer == Answer.Revert) revert NotNow();
        bytes32 word = bytes32(MAGIC);
        if (_answer == Answer.DirtyMagic) word |= bytes32(uint256(1));
        assembly ("memory-safe") {
            mstore(0, word)
        }
        if (_answer == Answer.TooShort) {
            assembly ("memory-safe") {
                return(0, 31)
            }
        }
        if (_answer == Answer.RevertWithMagic) {
            assembly ("memory-safe") {
                revert(0, 32)
            }
        }
        if (_answer == Answer.BurnGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        assembly ("memory-safe") {
            return(0, 32)
        }
    }
}
