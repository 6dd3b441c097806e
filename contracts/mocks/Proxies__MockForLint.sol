// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
import {TransparentUpgradeableProxy} from "@openzeppelin/contracts/proxy/transparent/TransparentUpgradeableProxy.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";

/// @notice Puts proxies of every known kind before a contract.
contract Proxies__MockForLint {
    event Made(address proxy);

    function upgradeable(address implementation) external {
        // Some call must initialise it; a view does no harm.
        bytes memory call = abi.encodeCall(IERC721Metadata.name, ());
        emit Made(address(new TransparentUpgradeableProxy(implementation, msg.sender, call)));
    }

    function beacon(address implementation) external {
        emit Made(address(new BeaconProxy(address(new UpgradeableBeacon(implementation, msg.sender)), "")));
    }

    function minimal(address implementation) external {
        emit Made(Clones.clone(implementation));
    }
}
