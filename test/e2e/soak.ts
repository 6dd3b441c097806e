import { expect } from "chai";

import { growth, leaks, type Reading } from "../../scripts/dev/soak/gauge.ts";
import { drawRound, seeded } from "../../scripts/dev/soak/mix.ts";
import { soak, type SoakOutcome } from "../../scripts/dev/soak/soak.ts";
import { openSoakWorld } from "../../scripts/dev/soak/world.ts";

describe("sixty inferences among faults of provider and chain", function () {
  this.timeout(120_000);

  let outcome: SoakOutcome;
  before(async () => {
    const world = await openSoakWorld();
    try {
      outcome = await soak(world, { inferences: 60, round: 30, seed: 7 });
    } finally {
      await world.close();
    }
  });

  it("are all minted, but for answers that nobody could prove, and the books balance to the neuron", () => {
    expect(outcome.violations).to.deep.equal([]);
    expect(outcome.minted).to.be.greaterThan(50);
  });

  it("were met by faults, a lie among them", () => {
    const commands = outcome.rounds.reduce((sum, one) => sum + one.commands, 0);
    expect(commands, "no command came through at the first try").to.be.greaterThan(outcome.rounds.length);
    expect(outcome.quarantined).to.be.greaterThan(0);
  });
});

describe("what a soak is measured by", () => {
  const flat: Reading = { heap: 50e6, rss: 200e6, handles: 4, sockets: 0 };
  const rounds = (of: (round: number) => Partial<Reading>) =>
    Array.from({ length: 40 }, (_, round) => ({ ...flat, ...of(round) }));

  it("takes what the first quarter of the rounds takes for warming up", () => {
    expect(leaks(growth(rounds((round) => ({ heap: round < 10 ? round * 5e6 : 50e6 }))))).to.deep.equal([]);
  });

  for (const name of ["heap", "rss", "handles", "sockets"] as const) {
    it(`notices when ${name} grows with every round`, () => {
      const each = name === "heap" || name === "rss" ? 5e6 : 1;
      expect(leaks(growth(rounds((round) => ({ [name]: flat[name] + round * each }))))).to.have.length(1);
    });
  }

  it("draws the same faults from the same seed, and others from another", () => {
    const drawn = (seed: number) => {
      const random = seeded(seed);
      return [1, 2, 3].map(() => drawRound(random, 50));
    };
    expect(drawn(5)).to.deep.equal(drawn(5));
    expect(drawn(5)).to.not.deep.equal(drawn(6));
  });
});
