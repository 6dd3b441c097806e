// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IntelligentData} from "../interfaces/IERC7857.sol";
import {IINFT} from "../interfaces/IINFT.sol";
import {IInferenceProvenance} from "../interfaces/IInferenceProvenance.sol";

/// @notice A record that somebody else minted, told again beside another owner and other data.
struct Forgery {
    uint256 tokenId;
    address owner;
    bytes32 dataHash;
    IInferenceProvenance.Provenance provenance;
}

/// @notice Answers every question of a verifier as it likes.
contract INFT__MockForVerify {
    /// @notice As the iNFT: 0G's own.
    address public inferenceServing;

    mapping(uint256 tokenId => Forgery) private _forgeries;

    constructor(address serving) {
        inferenceServing = serving;
    }

    function forge(Forgery calldata forgery) external {
        _forgeries[forgery.tokenId] = forgery;
        emit IInferenceProvenance.InferenceMinted(
            forgery.tokenId,
            forgery.provenance.provider,
            forgery.owner,
            forgery.provenance,
            "chat-1",
            block.timestamp,
            forgery.dataHash,
            3
        );
    }

    function ownerOf(uint256 tokenId) external view returns (address) {
        return _forgeries[tokenId].owner;
    }

    function intelligentDataOf(uint256 tokenId) external view returns (IntelligentData[] memory datas) {
        datas = new IntelligentData[](1);
        datas[0] = IntelligentData("forged", _forgeries[tokenId].dataHash);
    }

    function tokenStateOf(uint256 tokenId) external view returns (IINFT.TokenState memory state) {
        state.owner = _forgeries[tokenId].owner;
        state.dataCount = 1;
    }

    function isProven(uint256) external pure returns (bool) {
        return true;
    }

    function verifyProvenance(uint256, IInferenceProvenance.Provenance calldata) external pure returns (bool) {
        return true;
    }
}
