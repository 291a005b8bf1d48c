// Lengths of time as people write them, `1h30min`, and as they are kept, in seconds.

const SECONDS = { w: 604800, d: 86400, h: 3600, min: 60, s: 1 };
const SPOKEN = { m: "min", 分: "min", 分钟: "min", 小时: "h", 时: "h", 天: "d", 日: "d", 周: "w", 秒: "s" };
const PART = /(\d+)\s*(min|m|h|d|w|s|分钟|分|小时|时|天|日|周|秒)\s*/giy;

// Seconds; null: it cannot be read.
export function readDuration(typed) {
  const text = typed.trim();
  const clock = /^(\d{1,6}):([0-5]\d)$/.exec(text);
  if (clock) return Number(clock[1]) * SECONDS.h + Number(clock[2]) * SECONDS.min;
  if (text === "0") return 0;
  let seconds = 0;
  let end = 0;
  PART.lastIndex = 0;
  for (let part = PART.exec(text); part; part = PART.exec(text)) {
    const unit = part[2].toLowerCase();
    seconds += Number(part[1]) * SECONDS[SPOKEN[unit] ?? unit];
    end = PART.lastIndex;
  }
  return end > 0 && end === text.length && Number.isSafeInteger(seconds) ? seconds : null;
}

// As it is typed: `90min` is shown as `1h30min`, and read back the same.
export function showDuration(value) {
  let left = Number(value);
  if (!Number.isFinite(left)) return String(value ?? "");
  if (left === 0) return "0";
  const sign = left < 0 ? "-" : "";
  left = Math.abs(left);
  const units = left % SECONDS.w === 0 ? ["w"] : ["d", "h", "min", "s"];
  const parts = [];
  for (const unit of units) {
    const count = Math.floor(left / SECONDS[unit]);
    left -= count * SECONDS[unit];
    if (count) parts.push(`${count}${unit}`);
  }
  return sign + parts.join("");
}
