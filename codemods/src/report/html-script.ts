/** Runs in the page: narrows the list to what is chosen and typed, and remembers it in the address. Without it the whole list is there. */
export const script = `
(() => {
  const form = document.querySelector('form')
  const items = [...document.querySelectorAll('#sites > li')]
  const shown = document.querySelector('#shown')
  const fields = [...form.querySelectorAll('select,input')]
  const kept = new URLSearchParams(location.hash.slice(1))
  for (const field of fields) if (kept.has(field.name)) field.value = kept.get(field.name)
  const apply = () => {
    const chosen = new URLSearchParams()
    for (const { name, value } of fields) if (value) chosen.set(name, value)
    const words = (chosen.get('words') ?? '').toLowerCase().split(/\\s+/).filter(Boolean)
    let count = 0
    for (const item of items) {
      const matches =
        ['package', 'verdict', 'dialect', 'shape'].every((name) => !chosen.has(name) || item.dataset[name] === chosen.get(name)) &&
        words.every((word) => item.dataset.words.includes(word))
      item.hidden = !matches
      if (matches) count += 1
    }
    shown.textContent = count === items.length ? String(count) : count + ' of ' + items.length
    history.replaceState(null, '', chosen.size ? '#' + chosen : location.pathname + location.search)
  }
  form.hidden = false
  form.addEventListener('input', apply)
  form.addEventListener('submit', (event) => event.preventDefault())
  for (const row of document.querySelectorAll('tbody tr[data-package]'))
    row.addEventListener('click', () => {
      form.elements.package.value = row.dataset.package
      apply()
      form.scrollIntoView()
    })
  apply()
})()
`.trim()
