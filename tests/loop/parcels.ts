/** Made-up parcels: small data with something to learn, the same at every run. */

/** A generator of numbers in [0, 1) from a seed: xorshift32. */
const numbersFrom = (seed: number) => {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

const CARRIERS = ['ant', 'bee', 'crow', 'dove'] as const;

const DAY_MS = 86_400_000;

export const PARCELS_HEADER = 'sent,carrier,weight,distance,delay';

/**
 * CSV of parcels sent on the days from `from` on. A parcel is late the more often the farther it goes, and one carrier
 * is slow.
 */
export const parcels = (from: string, days: number, perDay = 100): string => {
  const start = Date.parse(`${from}T00:00:00Z`);
  const random = numbersFrom(start / DAY_MS);
  const lines = [PARCELS_HEADER];
  for (let row = 0; row < days * perDay; row += 1) {
    const sent = new Date(start + Math.floor((row / perDay) * DAY_MS)).toISOString().slice(0, 19);
    const carrier = CARRIERS[Math.floor(random() * CARRIERS.length)] ?? CARRIERS[0];
    const weight = (0.1 + random() * 20).toFixed(2);
    const distance = Math.round(5 + random() * 900);
    const delay = Math.round(distance / 30 + (carrier === 'crow' ? 20 : 0) + (random() - 0.5) * 40 - 15);
    lines.push(`${sent},${carrier},${weight},${distance},${delay}`);
  }
  return `${lines.join('\n')}\n`;
};

/** One parcel as a line of the file has it. */
interface Parcel {
  readonly sent: string;
  readonly carrier: string;
  readonly weight: string;
  readonly distance: string;
  readonly delay: string;
}

/** The same parcels with some changed, or with more said of each: one more column for each member that is new. */
export const retold = (csv: string, tell: (parcel: Parcel) => Readonly<Record<string, string>>): string => {
  const parcelsIn = csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [sent = '', carrier = '', weight = '', distance = '', delay = ''] = line.split(',');
      return tell({ sent, carrier, weight, distance, delay });
    });
  const header = Object.keys(parcelsIn[0] ?? {}).join(',');
  return `${[header, ...parcelsIn.map((parcel) => Object.values(parcel).join(','))].join('\n')}\n`;
};

/** Parcels of some carriers before a day, with their delays the wrong way round: near ones late, far ones early. */
export const confused = (csv: string, carriers: readonly string[], before: string): string =>
  retold(csv, (parcel) =>
    carriers.includes(parcel.carrier) && parcel.sent < before
      ? { ...parcel, delay: String(20 - Number(parcel.delay)) }
      : { ...parcel },
  );
