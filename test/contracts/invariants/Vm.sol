// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The cheat codes of Hardhat's Solidity tests that these use.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function addr(uint256 privateKey) external returns (address);
    function sign(uint256 privateKey, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function roll(uint256 blockNumber) external;
    function getCode(string calldata artifact) external view returns (bytes memory);
    function chainId(uint256 id) external;
    function assume(bool condition) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function mockCall(address callee, bytes calldata data, bytes calldata answer) external;
    function clearMockedCalls() external;
}

Vm constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

/// @dev Deploys by artifact, because `new` would have the compiler optimise all of the contract again, inside the test.
function deploy(string memory artifact, bytes memory arguments) returns (address deployed) {
    bytes memory code = bytes.concat(VM.getCode(artifact), arguments);
    assembly ("memory-safe") {
        deployed := create(0, add(code, 32), mload(code))
    }
    require(deployed != address(0), artifact);
}
