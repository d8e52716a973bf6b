'use strict';
(() => {
  const find = (id) => document.getElementById(id);
  const filters = find('filters'), list = find('principals');
  const cards = Array.from(list.children);
  if (cards.length === 0) return;
  filters.hidden = false;
  const search = find('search'), kind = find('kind'), sort = find('sort'), open = find('open'), none = find('none'), count = find('count');
  const boxes = Array.from(filters.querySelectorAll('[name=outcome]'));
  const texts = new Map();
  const text = (card) => {
    if (!texts.has(card)) texts.set(card, card.textContent.toLowerCase());
    return texts.get(card);
  };
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let shown = 0;
    for (const card of cards) {
      const fits = outcomes.has(card.dataset.outcome)
        && (!kind.value || kind.value === card.dataset.kind)
        && words.every((word) => text(card).includes(word));
      card.hidden = !fits;
      if (fits) shown += 1;
    }
    none.hidden = shown > 0;
    count.textContent = shown === cards.length ? '' : shown + ' of ' + cards.length;
  };
  sort.addEventListener('input', () => {
    const by = sort.value;
    const order = by ? cards.slice().sort((left, right) => right.dataset[by] - left.dataset[by]) : cards;
    list.append(...order);
  });
  filters.addEventListener('input', apply);
  filters.addEventListener('submit', (event) => event.preventDefault());
  open.addEventListener('click', () => {
    const opening = open.textContent === 'Open all';
    for (const card of cards) if (!card.hidden) card.open = opening;
    open.textContent = opening ? 'Close all' : 'Open all';
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !event.ctrlKey && !event.metaKey && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    }
  });
  const reveal = () => {
    const named = location.hash && find(location.hash.slice(1));
    const fold = named && ('open' in named ? named : named.querySelector('details'));
    if (fold) fold.open = true;
  };
  addEventListener('hashchange', reveal);
  reveal();
  apply();
})();
