// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IInferenceServing} from "../external/IInferenceServing.sol";

/// @notice The two functions of InferenceServing that the iNFT calls, with services the real one would not accept.
contract InferenceServing__MockForINFT {
    mapping(address provider => IInferenceServing.Service) private _services;

    function setService(IInferenceServing.Service calldata service) external {
        _services[service.provider] = service;
    }

    function removeService(address provider) external {
        delete _services[provider];
    }

    function serviceExists(address provider) public view returns (bool) {
        return _services[provider].provider != address(0);
    }

    function getService(address provider) external view returns (IInferenceServing.Service memory) {
        if (!serviceExists(provider)) revert IInferenceServing.ServiceNotExist(provider);
        return _services[provider];
    }
}
