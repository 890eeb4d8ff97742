// Unpacks what the page holds, and draws the figures of a document where the page has elements of their names.
"use strict";
const touch = matchMedia("(pointer: coarse)").matches;
const drawn = new Set();

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

const textOf = async (id) => new TextDecoder().decode(await unpacked(document.getElementById(id).textContent));

async function startLibrary() {
  const script = document.createElement("script");
  script.textContent = await textOf("library");
  document.head.append(script);
}

// Columns of 32-bit floats, whose bytes were sorted by their place in the number.
async function columnsOf({ names, rows, packed }) {
  const sorted = new Uint8Array(await unpacked(packed));
  const out = {};
  names.forEach((name, number) => {
    const bytes = new Uint8Array(4 * rows), first = 4 * rows * number;
    for (let place = 0; place < 4; place++) {
      for (let row = 0; row < rows; row++) bytes[4 * row + place] = sorted[first + rows * place + row];
    }
    out[name] = new Float32Array(bytes.buffer);
  });
  return out;
}

// `revive` may change each model as it is written in the document, before anything is made of it.
async function drawDocument(id, within, revive = () => {}) {
  const written = JSON.parse(await textOf(id), (_, value) => {
    if (value?.type === "object") {
      // A finger that scrolls the page must not be caught by a figure.
      if (touch && value.name === "Toolbar") value.attributes.tools = value.attributes.tools.filter(({ name }) => name !== "BoxZoomTool");
      revive(value);
    }
    return value;
  });
  const roots = written.roots.map((root) => [root.id, within.querySelector(`[data-figure="${root.attributes.name}"]`)]);
  const item = { docid: id, root_ids: roots.map(([root]) => root), roots: Object.fromEntries(roots) };
  const [views] = await Bokeh.embed.embed_items({ [id]: written }, [item]);
  for (const view of views.roots) if (view.request_repaint) drawn.add(view);
  return views.roots[0].model.document;
}

// Colours are read from the style when a figure is painted.
function repaint() {
  for (const view of drawn) view.request_repaint();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

// Paper is as wide as the screen, and shrunk by whoever prints: figures do not follow it.
const paper = document.head.appendChild(document.createElement("style"));
const measure = () => { paper.textContent = `@page { size: ${innerWidth}px ${Math.round(1.414 * innerWidth)}px; margin: 0 }`; };
addEventListener("resize", measure);
measure();

// Print is light, whatever the screen is. Only what is painted at once is in time for it.
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("paper");
  for (const view of drawn) {
    view.invalidate_painters();
    view.paint();
  }
});
addEventListener("afterprint", () => { document.documentElement.classList.remove("paper"); repaint(); });

// What went wrong is said where the figures would be, not only to who knows where to look.
function failed(error) {
  const note = document.createElement("p");
  note.className = "failed";
  note.setAttribute("role", "alert");
  note.textContent = typeof DecompressionStream === "undefined"
    ? "The charts need a browser of 2023 or later." : `The charts could not be drawn: ${error.message}`;
  document.querySelector("main").prepend(note);
  throw error;
}
