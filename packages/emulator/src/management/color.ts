/** A color as it was sent, as hex and as HSL; `null` where none was set. */
export type Color = {
  raw: string;
  hex: string;
  hsl: string;
} | null;

/** A color in the three ways in which the API writes it; nothing for what is not `#rgb` or `#rrggbb`. */
export function colorOf(raw: unknown): Color {
  if (typeof raw !== 'string' || !/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(raw)) {
    return null;
  }
  const hex = raw.length === 4 ? raw.replaceAll(/[0-9a-f]/gi, '$&$&') : raw;
  return {
    raw,
    hex,
    hsl: hslOf(hex),
  };
}

function hslOf(hex: string): string {
  const channels = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const least = Math.min(...channels);
  const most = Math.max(...channels);
  const range = most - least;
  const lightness = (most + least) / 2;
  const saturation = range === 0 ? 0 : range / (1 - Math.abs(2 * lightness - 1));
  const [h, s, l] = [hueOf(channels, most, range), saturation * 100, lightness * 100].map(
    Math.round,
  );
  return `hsl(${h}, ${s}%, ${l}%)`;
}

/** Degrees on the color wheel: 0 for red and for gray. */
function hueOf([r = 0, g = 0, b = 0]: readonly number[], most: number, range: number): number {
  if (range === 0) {
    return 0;
  }
  const ofBlue = (r - g) / range + 4;
  const ofGreen = (b - r) / range + 2;
  const ofRed = (g - b) / range;
  const others = most === g ? ofGreen : ofBlue;
  const sixths = most === r ? ofRed : others;
  return (sixths * 60 + 360) % 360;
}
