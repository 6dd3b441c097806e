// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInferenceServing} from "../../contracts/external/IInferenceServing.sol";
import {INFT} from "../../contracts/inft/INFT.sol";
import {IAttestorSet} from "../../contracts/interfaces/IAttestorSet.sol";
import {IntelligentData} from "../../contracts/interfaces/IERC7857.sol";
import {IInferenceProvenance} from "../../contracts/interfaces/IInferenceProvenance.sol";
import {InferenceServing__MockForINFT} from "../../contracts/mocks/InferenceServing__MockForINFT.sol";
import {SignedText} from "../../contracts/provenance/SignedText.sol";
import {TransferVerifier} from "../../contracts/verifier/TransferVerifier.sol";

interface Vm {
    function addr(uint256 privateKey) external returns (address);
    function sign(uint256 privateKey, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
    function roll(uint256 blockNumber) external;
    function prank(address sender) external;
    function assume(bool condition) external;
}

/// @notice Properties that hold for any result, signer, byte of a signature and minter.
contract INFTTest {
    Vm private constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    uint256 private constant CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    uint256 private constant TEE_KEY = uint256(keccak256("a provider's enclave"));
    address private constant PROVIDER = address(0xa11ce);
    address private constant OWNER = address(0xb0b);

    InferenceServing__MockForINFT private _serving;
    INFT private _inft;

    function setUp() external {
        _serving = new InferenceServing__MockForINFT();
        TransferVerifier verifier = new TransferVerifier(address(this), 1, 0, new IAttestorSet.AttestorConfig[](0));
        _inft = new INFT("Proven Inference", "INFER", IInferenceServing(address(_serving)), verifier, address(0), 0);
        IInferenceServing.Service memory service;
        service.provider = PROVIDER;
        service.teeSignerAddress = VM.addr(TEE_KEY);
        service.teeSignerAcknowledged = true;
        _serving.setService(service);
    }

    function testFuzz_AnySignedResultIsMintedOnceUnderItsOwnId(
        bytes32 requestHash,
        bytes32 responseHash,
        bytes32 salt
    ) external {
        IInferenceProvenance.InferenceClaim memory claim = _claim(TEE_KEY, requestHash, responseHash);
        uint256 tokenId = _commitAndMint(claim, salt);
        require(_inft.ownerOf(tokenId) == OWNER, "not the owner's");
        require(_inft.isProven(tokenId), "not proven");
        require(tokenId == _inft.inferenceId(PROVIDER, VM.addr(TEE_KEY), requestHash, responseHash), "another id");
        require(_inft.verifyProvenance(tokenId, _provenance(claim)), "not verified");

        _commit(claim, salt);
        try _inft.mintInference(claim, _datas(), _keys(), OWNER, salt) {
            revert("minted twice");
        } catch (bytes memory reason) {
            require(bytes4(reason) == IInferenceProvenance.InferenceAlreadyMinted.selector, "another error");
        }
    }

    function testFuzz_NoOtherKeyMints(uint256 key, bytes32 requestHash, bytes32 responseHash) external {
        key = (key % (CURVE_ORDER - 1)) + 1;
        VM.assume(key != TEE_KEY);
        IInferenceProvenance.InferenceClaim memory claim = _claim(key, requestHash, responseHash);
        _expectRefusal(claim, IInferenceProvenance.InferenceSignerMismatch.selector);
    }

    function testFuzz_NoFlippedBitOfASignatureMints(bytes32 requestHash, uint256 bit) external {
        IInferenceProvenance.InferenceClaim memory claim = _claim(TEE_KEY, requestHash, 0);
        bit %= claim.signature.length * 8;
        claim.signature[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        _expectRefusal(claim, bytes4(0));
    }

    function testFuzz_NoFlippedBitOfAHashMints(
        bytes32 requestHash,
        bytes32 responseHash,
        uint8 bit,
        bool first
    ) external {
        IInferenceProvenance.InferenceClaim memory claim = _claim(TEE_KEY, requestHash, responseHash);
        bytes32 flip = bytes32(uint256(1) << bit);
        if (first) claim.requestHash ^= flip;
        else claim.responseHash ^= flip;
        _expectRefusal(claim, IInferenceProvenance.InferenceSignerMismatch.selector);
    }

    function testFuzz_ACommitmentServesNobodyElse(address other, bytes32 salt) external {
        VM.assume(other != address(this));
        IInferenceProvenance.InferenceClaim memory claim = _claim(TEE_KEY, "request", "response");
        _commit(claim, salt);
        VM.prank(other);
        try _inft.mintInference(claim, _datas(), _keys(), OWNER, salt) {
            revert("minted by another");
        } catch (bytes memory reason) {
            require(bytes4(reason) == IInferenceProvenance.CommitmentMissing.selector, "another error");
        }
    }

    function testFuzz_SequentialAndProvenIdsStayApart(bytes32 requestHash, uint8 mints) external {
        for (uint256 i = 1; i <= mints % 8; ++i) {
            uint256 plain = _inft.mint(_datas(), OWNER);
            require(plain == i && !_inft.isProven(plain), "not the next unproven id");
        }
        require(_inft.isProven(_commitAndMint(_claim(TEE_KEY, requestHash, 0), 0)), "not proven");
    }

    function _expectRefusal(IInferenceProvenance.InferenceClaim memory claim, bytes4 selector) private {
        _commit(claim, 0);
        try _inft.mintInference(claim, _datas(), _keys(), OWNER, 0) {
            revert("minted");
        } catch (bytes memory reason) {
            require(selector == 0 || bytes4(reason) == selector, "another error");
        }
    }

    function _commitAndMint(IInferenceProvenance.InferenceClaim memory claim, bytes32 salt) private returns (uint256) {
        _commit(claim, salt);
        return _inft.mintInference(claim, _datas(), _keys(), OWNER, salt);
    }

    function _commit(IInferenceProvenance.InferenceClaim memory claim, bytes32 salt) private {
        _inft.commit(_inft.hashCommitment(address(this), claim, _datas(), _keys(), OWNER, salt));
        VM.roll(block.number + 1);
    }

    function _claim(
        uint256 key,
        bytes32 requestHash,
        bytes32 responseHash
    ) private returns (IInferenceProvenance.InferenceClaim memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, SignedText.digest(requestHash, responseHash));
        return
            IInferenceProvenance.InferenceClaim(
                PROVIDER,
                requestHash,
                responseHash,
                abi.encodePacked(r, s, v),
                "id",
                3
            );
    }

    function _provenance(
        IInferenceProvenance.InferenceClaim memory claim
    ) private returns (IInferenceProvenance.Provenance memory) {
        return
            IInferenceProvenance.Provenance(
                claim.provider,
                VM.addr(TEE_KEY),
                claim.requestHash,
                claim.responseHash,
                claim.signature
            );
    }

    function _datas() private pure returns (IntelligentData[] memory datas) {
        datas = new IntelligentData[](1);
        datas[0] = IntelligentData("inference", keccak256("ciphertext"));
    }

    function _keys() private pure returns (bytes[] memory keys) {
        keys = new bytes[](1);
        keys[0] = new bytes(129);
    }
}
