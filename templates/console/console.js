// Pages are whole without this. It writes words, never markup, keeps nothing and changes no address.
'use strict';
(() => {
const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR, TICK = 10000, WARN = 2 * MINUTE;
const page = document.body.dataset;
const one = (what, within = document) => within.querySelector(what);
const all = (what, within = document) => [...within.querySelectorAll(what)];
const field = (name, within) => one(`[data-field="${name}"]`, within);
const keys = page.keys === 'on';

// What stands already is left alone, and with it a selection.
function write(place, words) {
  if (place && place.textContent !== words) place.textContent = words;
}

// The server's clock, counted from when its answer came: a slow page must not make time look longer.
const came = performance.getEntriesByType('navigation')[0]?.responseStart || performance.now();
let offset = Date.parse(page.now) - Date.now() + performance.now() - came || 0;
const now = () => Date.now() + offset;

const fixed = (instant) => new Date(instant).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: page.zone });
function span(length) {
  if (length < 91 * MINUTE) return `${Math.floor(length / MINUTE)} min`;
  const [big, a, small, b] = length < DAY ? [HOUR, 'h', MINUTE, 'min'] : [DAY, 'd', HOUR, 'h'];
  const rest = Math.floor(length % big / small);
  return `${Math.floor(length / big)} ${a}` + (rest ? ` ${rest} ${b}` : '');
}
function relative(instant, isClock) {
  const gap = instant - now();
  if (gap >= 0) return gap < MINUTE ? 'now' : `in ${span(gap)}`;
  if (gap > -MINUTE) return isClock ? 'just passed' : 'now';
  return `${isClock ? 'passed ' : ''}${span(-gap)} ago`;
}
function countDown() {
  for (const time of all('time[data-until]')) {
    const instant = Date.parse(time.dateTime), clock = time.closest('.clock');
    write(time, instant ? relative(instant, clock) : '');
    clock?.classList.toggle('passed', instant < now());
  }
}

// Aloud. Emptied first, so that the same words are heard again.
function say(words, where = '#alarm') {
  write(one(where), '');
  setTimeout(() => write(one(where), words), 100);
}

// Bars stand at the foot of the window, so nothing moves. One that stays keeps its button, and so the focus.
const foot = one('#bars');
let outside;
document.addEventListener('focusin', ({ target }) => { if (!foot.contains(target)) outside = target; });
function showBar(name, words, control) {
  let bar = one('.bar.' + name);
  if (!bar) {
    bar = document.createElement('div');
    bar.className = `bar ${name}`;
    bar.append(document.createElement('span'), control ? make(control) : '');
    foot.append(bar);
    foot.hidden = false;
  }
  write(bar.firstChild, words);
}
function hideBar(name) {
  const bar = one('.bar.' + name), focused = bar?.contains(document.activeElement);
  bar?.remove();
  foot.hidden = !foot.children.length;
  if (focused) outside?.focus({ preventScroll: true });
}
function make({ words, key, ...as }) {
  const made = document.createElement(as.href ? 'a' : 'button');
  Object.assign(made, as, { className: 'button' });
  made.append(words);
  if (key) {
    made.dataset.key = key;
    made.append(' ', document.createElement('kbd'));
    made.lastChild.append(key);
  }
  return made;
}

const post = (to) => fetch(to, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, redirect: 'error', signal: AbortSignal.timeout(8000) });
const json = (answer) => answer.json().catch(() => ({}));
const kept = () => one('form[data-words]') ? ' Unsent words stay on this page.' : '';

// The session. Tabs tell each other how long it lasts, and nothing else: work in one is no alarm in another.
let idle = Date.parse(page.sessionIdle), ends = Date.parse(page.sessionEnds), over = false, warned = 0;
const rest = idle - Date.parse(page.now);
const tabs = new BroadcastChannel(page.stay);
const tell = () => { if (idle) tabs.postMessage({ idle, ends }); };
tabs.onmessage = ({ data }) => {
  if (!(data.idle > idle || data.ends > ends)) return;
  ({ idle, ends } = data);
  over = false;
  hideBar('over');
  watchSession();
};
function prolong(told) {
  ends = Date.parse(told.ends) || ends;
  idle = Date.parse(told.idle) || now() + rest;
  tell();
  watchSession();
}
async function remain() {
  const answer = await post(page.stay).catch(() => ({}));
  if (answer.ok) prolong(await json(answer));
  else if (answer.status === 401) signedOut();
  else say('The server was not reached. Try again.');
}
function signedOut(why = 'You are signed out.') {
  over = true;
  ['idle', 'ends', 'claim', 'line'].forEach(hideBar);
  showBar('over', why + kept(), { words: 'Sign in (new tab)', href: page.stay.slice(0, -4) + 'sign-in', target: '_blank' });
  say(why + kept());
}
function watchSession() {
  const end = Math.min(idle, ends), left = end - now(), name = idle < ends ? 'idle' : 'ends';
  if (over || name === 'ends' || !(left <= WARN)) hideBar('idle');
  if (over || !(left <= WARN)) return;
  if (left <= 0) return signedOut(`Your session ended at ${fixed(end)}.`);
  const words = `Your session ends at ${fixed(end)}, ${relative(end)}.` + (name === 'ends' ? ' It cannot last longer: send what you wrote.' : '');
  showBar(name, words, name === 'idle' && { words: 'Stay signed in', onclick: remain });
  if (warned !== end) say(words);
  warned = end;
}

// The claim. Kept while somebody is there: a page left open must not hold what others could take.
const claim = one('[data-claim]');
let until = Date.parse(claim?.dataset.until), held = Boolean(claim), beaten = Date.now(), due = false, beating = false, input = Date.now(), cried = 0;
async function beat(pressed) {
  if (!held || over || beating) return;
  beating = true;
  beaten = Date.now();
  const answer = await post(claim.dataset.heartbeat).catch(() => ({ status: 0 }));
  due = !answer.status || answer.status === 429 || answer.status >= 500;
  if (answer.ok) keep(await json(answer));
  else if (answer.status === 401) signedOut();
  else if (!due) lose((await json(answer)).detail || '');
  beating = false;
  if (pressed && held) say(due ? 'Not kept yet.' : `Kept until ${fixed(until)}.`, '#news');
  watchClaim();
}
function keep(told) {
  until = Date.parse(told.until) || until;
  write(field('until', claim), fixed(until));
  one('time', claim).dateTime = new Date(until).toISOString();
  countDown();
  prolong(told);
}
function lose(detail) {
  held = false;
  const lost = 'You do not hold this case any more.', words = `${lost} ${detail}${kept()}`;
  write(claim, lost);
  showBar('lost', words, { words: 'See the case (new tab)', href: claim.dataset.heartbeat.replace('/heartbeat', ''), target: '_blank' });
  say(words);
}
function watchClaim() {
  const left = until - now();
  if (!held || over || left > WARN) return hideBar('claim');
  const words = `Your claim on this case ${left > 0 ? `ends at ${fixed(until)}, ${relative(until)}` : `ended at ${fixed(until)}: others can take it`}.`;
  showBar('claim', words + (due ? ' The line is broken: it could not be kept yet.' : ''), { words: 'Keep it', onclick: beat, key: 'y' });
  if (cried !== until) say(`${words} ${keys ? 'Press y to keep it.' : 'At the end of the page: Keep it.'}`);
  cried = until;
}
function heartbeat() {
  const wait = due ? 5000 : 55000;
  if (Date.now() - input < 5 * MINUTE && Date.now() - beaten > wait) beat();
}
function noticed() {
  input = Date.now();
  if (due) heartbeat();
}
for (const kind of 'pointerdown keydown input focusin scroll selectionchange'.split(' ')) {
  document.addEventListener(kind, noticed, true);
}

// The list: words change in place, what is gone is marked, nothing moves.
const list = one('[data-refresh]'), fresh = one('[data-key="r"]'), plain = fresh?.textContent;
let tag = '""', asking = false, asOf = now(), announced = 0;
async function refresh() {
  if (!list || over || asking || document.hidden) return;
  asking = true;
  try {
    const answer = await fetch(list.dataset.refresh, { headers: { 'if-none-match': tag }, cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(8000) });
    if (answer.status === 200) show(await answer.json());
    if (answer.status === 401) signedOut();
    else if (!answer.ok && answer.status !== 304) throw answer.status;
    else {
      tag = answer.headers.get('etag') || tag;
      write(field('as_of'), fixed(asOf = now()));
      hideBar('line');
    }
  } catch {
    showBar('line', `The line is broken: this list is from ${fixed(asOf)} (${relative(asOf)}). Trying again.`);
  }
  asking = false;
}
function show(told) {
  offset = Date.parse(told.as_of) - Date.now() || offset;
  for (const row of all('[data-case]', list)) {
    if (row.dataset.case in told.rows) change(row, told.rows[row.dataset.case]);
  }
  countDown();
  const p0 = told.new_p0 || 0, urgent = `${p0 === 1 ? 'one' : p0} p0`;
  write(fresh, told.new ? `${told.new} new${p0 ? `, ${urgent}` : ''}${keys ? ' (r)' : ''}` : plain);
  if (p0 > announced) say(`New: ${urgent}.`, '#news');
  announced = p0;
}
function change(row, is) {
  row.classList.toggle('gone', !is);
  if (!is) return write(field('state', row), 'no longer in this list');
  for (const name of ['state', 'holder', 'clock_words', 'priority']) write(field(name, row), is[name] || '');
  one('.priority', row).className = `priority ${is.priority.toLowerCase()}`;
  field('clock', row).dateTime = is.clock || '';
}

// Letters open pages; c takes, s starts, y keeps a claim. Whoever writes or composes means something else.
document.addEventListener('keydown', (event) => {
  if (!keys || event.repeat || event.isComposing || event.keyCode === 229) return;
  if (event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key !== '?')) return;
  if (event.target.closest('input, textarea, select, [contenteditable]')) return;
  const key = event.key.toLowerCase();
  if (key === 'j' ? step(1) : key === 'k' ? step(-1) : press(key)) event.preventDefault();
});
function step(by) {
  const rows = all('[data-case] a.row'), at = rows.indexOf(document.activeElement);
  rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
  return rows.length;
}
function press(key) {
  const control = all('[data-key]').find((it) => it.dataset.key === key && it.getClientRects().length && !it.ariaDisabled);
  if (!control) return false;
  if (key === 'f') return toFilters(one('#filters'));
  const may = control.href || key === 'c' || key === 's' || (key === 'y' && foot.contains(control));
  if (may) control.click();
  return may;
}
function toFilters(filters) {
  filters.open = true;
  one('select, input:not([type="hidden"])', filters).focus();
  return true;
}

// Forms: sent once, and not left with words that nobody has. What was stopped can be sent again.
const sent = new Map();
document.addEventListener('submit', (event) => {
  const form = event.target, pressed = event.submitter;
  if (event.defaultPrevented || !pressed || form.method !== 'post') return;
  if (sent.has(form)) return event.preventDefault();
  const words = [...pressed.childNodes];
  pressed.setAttribute('aria-disabled', 'true');
  pressed.replaceChildren('Sending …');
  sent.set(form, () => {
    pressed.removeAttribute('aria-disabled');
    pressed.replaceChildren(...words);
    sent.delete(form);
  });
  setTimeout(() => sent.get(form)?.(), 20000);
});
function unsent(form) {
  const fields = all('textarea, input:not([type="hidden"], [type="radio"], [type="checkbox"])', form);
  return !sent.has(form) && (form.dataset.words === 'unsent' || fields.some((it) => it.value !== it.defaultValue));
}
addEventListener('beforeunload', (event) => {
  if (all('form[data-words]').some(unsent)) event.preventDefault();
});

let ticked = Date.now();
function tick() {
  if (Date.now() - ticked > 90000) beaten = 0; // the machine slept
  ticked = Date.now();
  countDown();
  heartbeat();
  watchClaim();
  watchSession();
  refresh();
}
addEventListener('pageshow', () => {
  [...sent.values()].forEach((restore) => restore());
  tick();
  if (location.hash) one('tr:target a.row')?.focus(); // back from a case
});
addEventListener('online', () => { beaten = 0; tick(); });
document.addEventListener('visibilitychange', tick);
setInterval(tick, TICK);
tell();
})();
