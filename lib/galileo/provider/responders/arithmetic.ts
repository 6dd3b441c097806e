/** Sums in plain text, exactly, for the built-in responder. */

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bplus\b/g, "+"],
  [/\bminus\b/g, "-"],
  [/\b(?:times|multiplied by)\b|[×·]/g, "*"],
  [/\bdivided by\b|÷/g, "/"],
];
/** Digits and operators, at least one of each: `2+2`, `(1.5 - 3) * 2`. */
const EXPRESSION = /[-(]*\d[\d.\s()+*/-]*[+*/-][\d.\s()+*/-]*\d[)\s]*/;
const LONGEST_EXPRESSION = 200;
const MOST_DECIMALS = 12;

function fraction(numerator: bigint, denominator: bigint): Fraction | undefined {
  if (denominator === 0n) return undefined;
  return denominator < 0n ? { numerator: -numerator, denominator: -denominator } : { numerator, denominator };
}

function combine(a: Fraction, operator: string, b: Fraction): Fraction | undefined {
  if (operator === "*") return fraction(a.numerator * b.numerator, a.denominator * b.denominator);
  if (operator === "/") return fraction(a.numerator * b.denominator, a.denominator * b.numerator);
  const sign = operator === "-" ? -1n : 1n;
  return fraction(a.numerator * b.denominator + sign * b.numerator * a.denominator, a.denominator * b.denominator);
}

/** sum = product (± product)*, product = factor (*÷ factor)*, factor = -factor | (sum) | number */
function evaluate(tokens: readonly string[]): Fraction | undefined {
  let at = 0;
  const chain = (operators: string, operand: () => Fraction | undefined): Fraction | undefined => {
    let left = operand();
    for (let operator = tokens[at]; operator !== undefined && operators.includes(operator); operator = tokens[at]) {
      at += 1;
      const right = operand();
      if (left === undefined || right === undefined) return undefined;
      left = combine(left, operator, right);
    }
    return left;
  };
  const factor = (): Fraction | undefined => {
    const token = tokens[at++];
    if (token === "-") {
      const value = factor();
      return value === undefined ? undefined : { ...value, numerator: -value.numerator };
    }
    if (token === "(") {
      const value = sum();
      return tokens[at++] === ")" ? value : undefined;
    }
    const [, whole, decimals = ""] = /^(\d+)(?:\.(\d+))?$/.exec(token ?? "") ?? [];
    return whole === undefined ? undefined : fraction(BigInt(whole + decimals), 10n ** BigInt(decimals.length));
  };
  const product = () => chain("*/", factor);
  const sum = (): Fraction | undefined => chain("+-", product);
  const value = sum();
  return at === tokens.length ? value : undefined;
}

/** A whole number, a short decimal, or `a/b` in lowest terms. */
function print({ numerator, denominator }: Fraction): string {
  const scaled = numerator * 10n ** BigInt(MOST_DECIMALS);
  if (scaled % denominator === 0n) {
    const value = scaled / denominator;
    const digits = (value < 0n ? -value : value).toString().padStart(MOST_DECIMALS + 1, "0");
    const decimals = digits.slice(-MOST_DECIMALS).replace(/0+$/, "");
    return `${value < 0n ? "-" : ""}${digits.slice(0, -MOST_DECIMALS)}${decimals === "" ? "" : `.${decimals}`}`;
  }
  const divisor = greatestCommonDivisor(numerator < 0n ? -numerator : numerator, denominator);
  return `${numerator / divisor}/${denominator / divisor}`;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}

/** The result of the first sum in a text; undefined when there is none, or it divides by zero. */
export function answerSum(text: string): string | undefined {
  const plain = WORDS.reduce((rest, [word, operator]) => rest.replace(word, operator), text.toLowerCase());
  const [expression] = EXPRESSION.exec(plain) ?? [];
  if (expression === undefined || expression.length > LONGEST_EXPRESSION) return undefined;
  const value = evaluate(expression.match(/\d+(?:\.\d+)?|[-+*/()]|[^\s]/g) ?? []);
  return value === undefined ? undefined : print(value);
}
