// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAgentNFT} from "../../../contracts/interfaces/dialects/IAgentNFT.sol";
import {AccessProof, OracleType, TransferValidityProof} from "../../../contracts/interfaces/IERC7857DataVerifier.sol";
import {IINFT} from "../../../contracts/interfaces/IINFT.sol";
import {SignedText} from "../../../contracts/provenance/SignedText.sol";
import {TransferProof} from "../../../contracts/verifier/TransferProof.sol";
import {Account} from "./Account.sol";
import {PublicKey} from "./PublicKey.sol";
import {VM} from "./Vm.sol";

/// @notice Owners and attestors whose keys are known, and the proofs they sign.
abstract contract Parties {
    struct Actor {
        uint256 key;
        address account;
        bytes publicKey;
        bool isContract;
    }

    /// @dev What one proof set is about. Everything else of it follows.
    struct Delivery {
        IINFT token;
        uint8 action;
        uint256 tokenId;
        uint256 to;
        uint48 deadline;
        bytes32[] newHashes;
    }

    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant ACCESS_TYPE = keccak256(
        "AccessProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,bytes32[] newDataHashes,bytes encryptedPubKey,uint256 deadline)"
    );
    bytes32 private constant OWNERSHIP_TYPE = keccak256(
        "OwnershipProof(uint8 action,uint256 tokenId,uint256 sequence,address to,bytes32[] oldDataHashes,bytes32[] newDataHashes,bytes[] sealedKeys,bytes encryptedPubKey,uint256 deadline)"
    );

    uint256 internal constant ACTORS = 5;
    uint256 internal constant ATTESTORS = 5;
    uint256 internal constant THRESHOLD = 2;

    /// @dev The last one is a contract.
    Actor[ACTORS] internal actors;
    /// @dev In ascending order of their addresses.
    uint256[ATTESTORS] internal attestorKeys;
    /// @dev Of each actor, whom it lets sign in its place: an index into {actors}, plus one.
    mapping(uint256 actor => uint256) internal delegateOf;

    function _makeParties() internal {
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256 key = uint256(keccak256(abi.encode("actor", i)));
            bool isContract = i == ACTORS - 1;
            address signer = VM.addr(key);
            address account = isContract ? address(new Account(signer)) : signer;
            actors[i] = Actor(key, account, PublicKey.derive(key), isContract);
            require(address(uint160(uint256(keccak256(actors[i].publicKey)))) == signer, "no public key of its");
        }
        for (uint256 i = 0; i < ATTESTORS; ++i) {
            uint256 key = uint256(keccak256(abi.encode("attestor", i)));
            uint256 place = i;
            for (; place > 0 && VM.addr(attestorKeys[place - 1]) > VM.addr(key); --place) {
                attestorKeys[place] = attestorKeys[place - 1];
            }
            attestorKeys[place] = key;
        }
    }

    /// @dev Proofs of the final standard. `attestors` are the keys that sign, in this order.
    function _finalProofs(
        Delivery memory delivery,
        uint256[] memory attestors,
        bool hashesLeftOpen
    ) internal returns (TransferValidityProof[] memory proofs) {
        bytes32[] memory held = _hashesOf(delivery.token, delivery.tokenId);
        bytes32[] memory wanted = hashesLeftOpen ? new bytes32[](held.length) : delivery.newHashes;
        bytes32[] memory keyHashes = new bytes32[](held.length);
        proofs = new TransferValidityProof[](held.length);
        for (uint256 i = 0; i < held.length; ++i) {
            bytes memory sealedKey = _sealedKey(delivery.newHashes[i]);
            keyHashes[i] = keccak256(sealedKey);
            proofs[i].accessProof = AccessProof(held[i], wanted[i], "", "", "");
            proofs[i].ownershipProof.oldDataHash = held[i];
            proofs[i].ownershipProof.newDataHash = delivery.newHashes[i];
            proofs[i].ownershipProof.sealedKey = sealedKey;
        }
        _signFirst(
            proofs[0],
            delivery,
            attestors,
            keccak256(abi.encodePacked(held)),
            keccak256(abi.encodePacked(wanted)),
            keccak256(abi.encodePacked(keyHashes))
        );
    }

    /// @dev Puts into the first entry what counts for all: nonce, keys and the signature of each side.
    function _signFirst(
        TransferValidityProof memory first,
        Delivery memory delivery,
        uint256[] memory attestors,
        bytes32 held,
        bytes32 wanted,
        bytes32 keyHashes
    ) private {
        (uint8 action, uint256 tokenId, uint48 deadline) = (delivery.action, delivery.tokenId, delivery.deadline);
        Actor storage to = actors[delivery.to];
        uint24 sequence = delivery.token.tokenStateOf(tokenId).sequence;
        bytes memory nonce = TransferProof.nonce(action, deadline, sequence, to.account, tokenId);
        bytes memory wantedKey = _wantedKey(delivery.to);
        (first.accessProof.nonce, first.ownershipProof.nonce) = (nonce, nonce);
        (first.accessProof.encryptedPubKey, first.ownershipProof.encryptedPubKey) = (wantedKey, to.publicKey);

        // What both messages begin with, after their types.
        bytes memory head = abi.encode(action, tokenId, sequence, to.account, held);
        bytes memory access = abi.encode(wanted, keccak256(wantedKey), deadline);
        first.accessProof.proof = _sign(
            _accessKey(delivery.to),
            _typedDigest(delivery.token, bytes.concat(ACCESS_TYPE, head, access))
        );
        bytes32 newHashes = keccak256(abi.encodePacked(delivery.newHashes));
        bytes memory ownership = abi.encode(newHashes, keyHashes, keccak256(to.publicKey), deadline);
        first.ownershipProof.proof = _signAll(
            attestors,
            _typedDigest(delivery.token, bytes.concat(OWNERSHIP_TYPE, head, ownership))
        );
    }

    /// @dev Proofs of AgentNFT, with the nonce that binds them.
    function _agentProofs(
        Delivery memory delivery,
        uint256[] memory attestors
    ) internal returns (IAgentNFT.TransferValidityProof[] memory proofs) {
        Actor storage to = actors[delivery.to];
        bytes memory wantedKey = _wantedKey(delivery.to);
        proofs = new IAgentNFT.TransferValidityProof[](delivery.newHashes.length);
        for (uint256 i = 0; i < proofs.length; ++i) {
            bytes32 hash = delivery.newHashes[i];
            bytes memory sealedKey = _sealedKey(hash);
            bytes memory nonce = IAgentNFT(address(delivery.token)).transferNonce(
                delivery.action,
                delivery.tokenId,
                i,
                to.account,
                delivery.deadline
            );
            proofs[i].accessProof = IAgentNFT.AccessProof(
                hash,
                wantedKey,
                nonce,
                _sign(_accessKey(delivery.to), _agentDigest(abi.encodePacked(hash, wantedKey, nonce)))
            );
            proofs[i].ownershipProof = IAgentNFT.OwnershipProof(
                OracleType.TEE,
                hash,
                sealedKey,
                to.publicKey,
                nonce,
                _signAll(attestors, _agentDigest(abi.encodePacked(hash, sealedKey, to.publicKey, nonce)))
            );
        }
    }

    function _sign(uint256 key, bytes32 digest) internal returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _signAll(uint256[] memory keys, bytes32 digest) internal returns (bytes memory signatures) {
        for (uint256 i = 0; i < keys.length; ++i) signatures = bytes.concat(signatures, _sign(keys[i], digest));
    }

    /// @dev The key that speaks for an actor: its own, or its delegate's.
    function _accessKey(uint256 actor) internal view returns (uint256) {
        uint256 delegate = delegateOf[actor];
        // A delegate that is a contract is asked, too, and answers for its own key.
        return actors[delegate == 0 ? actor : delegate - 1].key;
    }

    /// @dev Empty for an account with a key of its own, which is then meant.
    function _wantedKey(uint256 actor) internal view returns (bytes memory) {
        return actors[actor].isContract ? actors[actor].publicKey : bytes("");
    }

    function _sealedKey(bytes32 hash) internal pure returns (bytes memory) {
        return abi.encodePacked(hash, new bytes(97));
    }

    function _hashesOf(IINFT token, uint256 tokenId) internal view returns (bytes32[] memory hashes) {
        uint256 count = token.tokenStateOf(tokenId).dataCount;
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) hashes[i] = token.intelligentDataOf(tokenId)[i].dataHash;
    }

    /// @dev EIP-712, in the domain of the token.
    function _typedDigest(IINFT token, bytes memory message) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("ERC-7857"), keccak256("1"), block.chainid, address(token))
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(message)));
    }

    function _agentDigest(bytes memory message) private pure returns (bytes32) {
        (bytes32 high, bytes32 low) = SignedText.toHex(keccak256(message));
        return keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n660x", high, low));
    }
}
