// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The public key of a secp256k1 key, which no cheat code tells: affine double-and-add.
library PublicKey {
    uint256 private constant P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f;
    uint256 private constant GX = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798;
    uint256 private constant GY = 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8;

    /// @return The 64 bytes X and Y.
    function derive(uint256 key) internal view returns (bytes memory) {
        (uint256 x, uint256 y, uint256 px, uint256 py) = (0, 0, GX, GY);
        for (; key != 0; key >>= 1) {
            if (key & 1 == 1) (x, y) = x == 0 ? (px, py) : _add(x, y, px, _chord(x, y, px, py));
            (px, py) = _add(px, py, px, _tangent(px, py));
        }
        return abi.encodePacked(x, y);
    }

    function _tangent(uint256 x, uint256 y) private view returns (uint256) {
        return mulmod(mulmod(3, mulmod(x, x, P), P), _inverse(addmod(y, y, P)), P);
    }

    function _chord(uint256 x, uint256 y, uint256 px, uint256 py) private view returns (uint256) {
        return mulmod(addmod(py, P - y, P), _inverse(addmod(px, P - x, P)), P);
    }

    function _add(uint256 x, uint256 y, uint256 px, uint256 slope) private pure returns (uint256 sumX, uint256 sumY) {
        sumX = addmod(mulmod(slope, slope, P), addmod(P - x, P - px, P), P);
        sumY = addmod(mulmod(slope, addmod(x, P - sumX, P), P), P - y, P);
    }

    /// @dev By Fermat, with the precompile for powers.
    function _inverse(uint256 value) private view returns (uint256) {
        (, bytes memory answer) = address(5).staticcall(abi.encode(32, 32, 32, value, P - 2, P));
        return abi.decode(answer, (uint256));
    }
}
