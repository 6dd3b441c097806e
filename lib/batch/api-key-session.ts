import { SessionTokenMalformedError } from "../protocol/errors.ts";
import { parseSessionToken } from "../protocol/session-token.ts";
import type { Session } from "../compute/session.ts";
import { UsageError } from "../errors.ts";
import { checksum, type Address } from "../hex.ts";
import type { Network } from "../networks.ts";

/**
 * A session of one API key, for workers that hold no paying key. It asks the key's provider as the account that made the
 * key, and cannot be renewed.
 * @throws {UsageError} for a text that is no API key; the text is in no message.
 */
export function apiKeySession(network: Network, key: string): Session & { readonly provider: Address } {
  let user: Address;
  let provider: Address;
  try {
    const { token } = parseSessionToken(key);
    user = checksum(token.address);
    provider = checksum(token.provider);
  } catch (error) {
    const why = error instanceof SessionTokenMalformedError ? error.message : "its addresses are none";
    throw new UsageError({
      message: `ZG_WORKER_API_KEY holds no API key: ${why}`,
      remedy: "Make one: npx hardhat inference key create <provider>",
    });
  }
  const header = `Bearer ${key.replace(/^Bearer /, "")}`;
  return {
    ...{ network, provider },
    user: async () => Promise.resolve(user),
    header: async (wanted) => {
      if (wanted === provider) return Promise.resolve(header);
      throw new UsageError({
        message: `The API key of this worker is for provider ${provider}, and the batch asks ${wanted}`,
        remedy: `Make one for that provider: npx hardhat inference key create ${wanted}`,
        details: { provider, wanted },
      });
    },
    invalidate: () => undefined,
  };
}
