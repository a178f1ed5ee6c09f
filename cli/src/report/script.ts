// The page's script: hover and focus say in words what they are on, arrow keys go from item to item. Without it every
// mark is still a link that the Tab key reaches, and every item has its title.

export const script = `
'use strict';
for (const section of document.querySelectorAll('section[data-recording]')) {
  const said = section.querySelector('.said');
  const rows = [...section.querySelectorAll('[data-row]')]
    .map((row) => [...row.querySelectorAll('.item')])
    .filter((row) => row.length > 0);
  const all = rows.flat();
  const idle = said.textContent;
  const say = (item) => { said.textContent = item ? item.querySelector('title').textContent : idle; };
  let current = section.querySelector('.mark') || all[0];
  for (const item of all) item.setAttribute('tabindex', item === current ? '0' : '-1');
  const go = (item) => {
    if (!item) return;
    current.setAttribute('tabindex', '-1');
    current = item;
    current.setAttribute('tabindex', '0');
    current.focus();
  };
  const left = (item) => item.getBoundingClientRect().left;
  const nearest = (row, item) => row.reduce((best, each) =>
    Math.abs(left(each) - left(item)) < Math.abs(left(best) - left(item)) ? each : best);
  const moves = {
    ArrowRight: (row, at) => row[at + 1],
    ArrowLeft: (row, at) => row[at - 1],
    Home: (row) => row[0],
    End: (row) => row[row.length - 1],
    ArrowDown: (row, at) => rows[rows.indexOf(row) + 1] && nearest(rows[rows.indexOf(row) + 1], row[at]),
    ArrowUp: (row, at) => rows[rows.indexOf(row) - 1] && nearest(rows[rows.indexOf(row) - 1], row[at]),
  };
  const chart = section.querySelector('.chart');
  chart.addEventListener('keydown', (event) => {
    const item = event.target.closest('.item');
    const row = rows.find((each) => each.includes(item));
    const move = moves[event.key];
    if (!row || !move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(move(row, row.indexOf(item)));
  });
  chart.addEventListener('focusin', (event) => {
    const item = event.target.closest('.item');
    if (item && item !== current) { current.setAttribute('tabindex', '-1'); current = item; current.setAttribute('tabindex', '0'); }
    say(item);
  });
  chart.addEventListener('focusout', () => say(undefined));
  chart.addEventListener('pointerover', (event) => say(event.target.closest('.item') || event.target.closest('.break') || document.activeElement.closest('.item')));
  chart.addEventListener('pointerleave', () => say(document.activeElement.closest('.item')));
  chart.addEventListener('click', (event) => {
    const link = event.target.closest('a.item');
    const line = link && document.getElementById(link.getAttribute('href').slice(1));
    if (line) line.closest('details').open = true;
  });
  said.hidden = false;
}
`;
