/** Sessions that this process has opened: what a native library leaks or scatters grows with them. */
let sessions = 0;

export function countSession(): void {
  sessions++;
}

export function sessionsOpened(): number {
  return sessions;
}
