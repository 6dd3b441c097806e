// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IntelligentData} from "../../../contracts/interfaces/IERC7857.sol";
import {IINFT} from "../../../contracts/interfaces/IINFT.sol";
import {IInferenceProvenance} from "../../../contracts/interfaces/IInferenceProvenance.sol";
import {SignedText} from "../../../contracts/provenance/SignedText.sol";
import {VM} from "./Vm.sol";
import {Checks} from "./Checks.sol";

/// @notice Does at random what minters of inferences, their providers and who copies their calls do.
abstract contract Inferences is Checks {
    enum Way {
        COMMITTED,
        BATCH,
        BOUND,
        OPEN
    }

    /// @dev Where a request of {_requestOf} names its user.
    uint256 private constant USER_OFFSET = 1;

    /// @dev Every action's end: what was logged is taken into the model.
    modifier observed(uint256 seed) {
        VM.recordLogs();
        _;
        _observe(seed % COLLECTIONS);
    }

    /// @dev Each of a few results is signed by one enclave; it is minted while that one's key counts, and once.
    function mintInference(uint256 seed, uint256 to, uint256 which, uint256 way) external observed(seed) {
        uint256 c = seed % COLLECTIONS;
        if (_room(c) == 0) return;
        which %= RESULTS;
        address receiver = actors[to % ACTORS].account;
        uint256 key = uint256(keccak256(abi.encodePacked("enclave ", which % 2 == 0 ? "0" : "1")));
        bytes memory request = _requestOf(which);
        IInferenceProvenance.InferenceClaim memory claim = IInferenceProvenance.InferenceClaim(
            PROVIDER,
            sha256(request),
            keccak256("response"),
            "",
            "id",
            3
        );
        claim.signature = _sign(key, SignedText.digest(claim.requestHash, claim.responseHash));
        IntelligentData[] memory datas = _newDatas(1, seed);
        uint256 id = _collections[c].inferenceId(PROVIDER, VM.addr(key), claim.requestHash, claim.responseHash);
        bytes memory call = _mintCall(c, Way(way % 4), claim, datas, receiver, request);
        if (Way(way % 4) != Way.OPEN) _copied(c, Way(way % 4), call);
        (bool success, bytes memory answer) = address(_collections[c]).call(call);

        bool cached = _cachedKey[c] != 0 && block.timestamp - _cachedAt[c] <= 1 hours;
        bool signs = key == (cached ? _cachedKey[c] : _teeKey);
        if (!signs) return _mustBe(success, answer, IInferenceProvenance.InferenceSignerMismatch.selector);
        if (_tokens[c][id].minted) {
            ++done["second mint of an inference refused"];
            return _mustBe(success, answer, IInferenceProvenance.InferenceAlreadyMinted.selector);
        }
        uint256 minted = Way(way % 4) == Way.BATCH ? abi.decode(answer, (uint256[]))[0] : abi.decode(answer, (uint256));
        require(success && minted == id, "not minted under its id");
        ++done[["mint of an inference", "batch of inferences", "bound inference", "open inference"][way % 4]];
        _records[c][id] = IInferenceProvenance.Provenance(
            PROVIDER,
            VM.addr(key),
            claim.requestHash,
            claim.responseHash,
            claim.signature
        );
        _modelMint(c, id, receiver, datas);
    }

    /// @dev The provider moves to its other enclave, or somebody has the signer remembered.
    function rotateSigner(uint256 seed, uint256 sync) external {
        uint256 c = seed % COLLECTIONS;
        if (sync % 2 == 0) return _list(uint256(keccak256(abi.encodePacked("enclave ", seed % 3 == 0 ? "0" : "1"))));
        VM.prank(_anyone(seed));
        _collections[c].syncSigner(PROVIDER);
        (_cachedKey[c], _cachedAt[c]) = (_teeKey, block.timestamp);
    }

    /// @dev Who sees a pending mint and sends it as its own gets nothing, whatever way it has but the open one.
    function _copied(uint256 c, Way way, bytes memory call) private {
        bytes4 expected =
            way == Way.BOUND
                ? IInferenceProvenance.InferenceRequestNotBound.selector
                : IInferenceProvenance.CommitmentMissing.selector;
        _mustFail(address(0x57a), c, call, expected);
    }

    /// @dev A mint by this contract, which has done what that way takes.
    function _mintCall(
        uint256 c,
        Way way,
        IInferenceProvenance.InferenceClaim memory claim,
        IntelligentData[] memory datas,
        address to,
        bytes memory request
    ) private returns (bytes memory) {
        bytes[] memory keys = _keysOf(datas);
        if (way == Way.OPEN) return abi.encodeCall(IINFT.mintInferenceOpen, (claim, datas, keys, to));
        if (way == Way.BOUND) {
            return abi.encodeCall(IINFT.mintInferenceBound, (claim, datas, keys, to, request, USER_OFFSET));
        }
        bytes32 salt = bytes32(++_fresh);
        _collections[c].commit(_collections[c].hashCommitment(address(this), claim, datas, keys, to, salt));
        VM.roll(block.number + 1);
        if (way == Way.COMMITTED) return abi.encodeCall(IINFT.mintInference, (claim, datas, keys, to, salt));
        IINFT.InferenceMintItem[] memory items = new IINFT.InferenceMintItem[](1);
        items[0] = IINFT.InferenceMintItem(claim, datas, keys, to, salt);
        return abi.encodeCall(IINFT.mintInferenceBatch, (items));
    }

    /// @dev One of a few requests, whose user this contract is.
    function _requestOf(uint256 which) private view returns (bytes memory) {
        (bytes32 high, bytes32 low) = SignedText.toHex(bytes32(bytes20(address(this))));
        return abi.encodePacked('{"user":"0x', high, bytes8(low), '","n":', bytes1(uint8(0x30 + which)), "}");
    }
}
