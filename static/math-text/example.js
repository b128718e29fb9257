/** The example page's two live parts: an answer that streams, and a text to try. */

const ANSWER = String.raw`## Why softmax needs a maximum taken away

Softmax is **invariant** under a shift of its input, $\mathrm{softmax}(z + c) = \mathrm{softmax}(z)$, so one computes

$$
p_i = \frac{e^{z_i - m}}{\sum_j e^{z_j - m}}, \qquad m = \max_j z_j,
$$

and nothing overflows:

| input | $e^{z_i}$ | $e^{z_i - m}$ |
|---|---|---|
| $z_i = 1000$ | overflows | $1$ |
| $z_i = 0$ | $1$ | about $0$ |

1. Take $m = \max_j z_j$.
2. Subtract it; every exponent is at most $0$.

\`\`\`python
p = np.exp(z - z.max()); p /= p.sum()   # no "$" is mathematics here
\`\`\`
`;

const answer = /** @type {any} */ (document.getElementById('answer'));
const output = /** @type {any} */ (document.getElementById('output'));
const source = /** @type {HTMLTextAreaElement} */ (document.getElementById('source'));
const format = /** @type {HTMLSelectElement} */ (document.getElementById('format'));
let run = 0;

async function stream() {
  const mine = (run += 1);
  answer.source = '';
  for (const word of ANSWER.replaceAll('\\`', '`').split(/(?<= )/)) {
    if (mine !== run) return;
    answer.append(word);
    await new Promise((done) => setTimeout(done, 30));
  }
}

function show() {
  output.setAttribute('format', format.value);
  output.source = source.value;
}

await customElements.whenDefined('math-text');
document.getElementById('again')?.addEventListener('click', () => void stream());
source.addEventListener('input', show);
format.addEventListener('change', show);
show();
void stream();
