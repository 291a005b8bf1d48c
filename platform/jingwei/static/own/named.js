// Objects whose keys are the names that authors choose: they have those and no others, so that a field
// may be called `constructor`.
export const named = (...parts) => Object.assign(Object.create(null), ...parts);

export function asNamed(value) {
  if (Array.isArray(value)) return value.map(asNamed);
  if (value === null || typeof value !== "object") return value;
  return named(Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asNamed(one)])));
}
