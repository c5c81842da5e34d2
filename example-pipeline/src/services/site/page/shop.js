// The customers' page: quantities are pushed by the catalogue, an order's stages by the site.
"use strict";

const STAGES = [
  ["placed", "Order placed"], ["reserved", "Waiting for payment"], ["paid", "Paid"], ["dispatched", "Packed and sent"],
  ["shipped", "On its way"], ["delivered", "Delivered"],
];
const SAID = {
  placed: "We have your order.", reserved: "We are holding it for you.", paid: "Thank you, it is paid.",
  "out-of-stock": "Sorry, the shelf was empty: your money is on its way back.", dispatched: "It left our warehouse.",
  shipped: "The parcel is on its way.", delivered: "It is at your door. Enjoy!", cancelled: "This order was cancelled.",
};
const MAX_SHOWN = 200; // products in the table; the others are found by typing
const MAX_ORDERS = 20;
const TIDY_MS = 5_000;

const at = (id) => document.getElementById(id);
const quantities = new Map();
const changed = new Set();
let products = {};
let shop; // nothing until the site has answered once

// An exact decimal with two digits at least.
const pounds = (price) => `£${price.replace(/^(\d+)(?:\.(\d*))?$/, (_, whole, cents = "") => `${whole}.${cents.padEnd(2, "0")}`)}`;

function row(code) {
  const made = at("product").content.cloneNode(true).firstElementChild;
  made.id = `p-${code}`;
  made.querySelector(".name").textContent = products[code].description.toLowerCase();
  made.querySelector(".code").textContent = code;
  made.querySelector(".price").textContent = pounds(products[code].unit_price);
  const button = made.querySelector("button");
  button.setAttribute("aria-label", `Order one: ${products[code].description.toLowerCase()}`);
  button.addEventListener("click", () => order(code, button));
  return made;
}

function stock(made, code) {
  const cell = made.querySelector(".stock");
  const quantity = quantities.get(code);
  cell.textContent = quantity === undefined ? "…" : String(quantity);
  if (changed.delete(code)) {
    cell.classList.remove("changed");
    void cell.offsetWidth; // the flash begins anew
    cell.classList.add("changed");
  }
}

function wanted() {
  const words = at("find").value.trim().toLowerCase();
  const fits = ([code, product]) => `${code} ${product.description}`.toLowerCase().includes(words);
  return Object.entries(products).filter(fits).slice(0, MAX_SHOWN).map(([code]) => code);
}

function draw() {
  const body = at("products");
  const codes = wanted();
  const kept = new Set(codes.map((code) => `p-${code}`));
  for (const old of [...body.children]) if (!kept.has(old.id)) old.remove();
  codes.forEach((code, place) => {
    const made = document.getElementById(`p-${code}`) ?? row(code);
    if (body.children[place] !== made) body.insertBefore(made, body.children[place] ?? null);
    stock(made, code);
  });
  at("none").hidden = !shop || codes.length > 0;
  at("none").textContent = Object.keys(products).length > 0
    ? "No product is called so."
    : "Nothing here yet: products appear with the first order that the shop takes.";
}

let drawing = 0;
function soon() {
  drawing ||= requestAnimationFrame(() => { drawing = 0; draw(); });
}

async function load() {
  try {
    const answer = await fetch("/api/shop");
    if (!answer.ok) throw new Error(answer.statusText);
    shop = await answer.json();
    products = shop.products;
    watchStock();
    // What failed before works again; quantities, where anybody tells them, say for themselves whether they are watched.
    if (!shop.catalogue || shelves?.readyState === EventSource.OPEN) link(true);
    soon();
  } catch {
    link(false);
  }
}

function link(up) {
  at("link").textContent = up ? "live" : "connection lost, trying again…";
  at("link").classList.toggle("away", !up);
}

let shelves;
function watchStock() {
  if (shelves || !shop.catalogue) return;
  shelves = new EventSource(`${shop.catalogue}/live`);
  shelves.addEventListener("open", () => link(true));
  shelves.addEventListener("error", () => {
    link(false);
    // A browser tries again by itself, but not where it was refused: the next load does.
    if (shelves.readyState === EventSource.CLOSED) shelves = undefined;
  });
  shelves.addEventListener("products", (event) => {
    for (const [code, quantity] of Object.entries(JSON.parse(event.data))) quantities.set(code, quantity);
    soon();
  });
  shelves.addEventListener("product", (event) => {
    const { stock_code: code, quantity } = JSON.parse(event.data);
    quantities.set(code, quantity);
    changed.add(code);
    soon();
  });
}

// What a browser draws over plain HTTP too, where it has no randomUUID.
function drawn() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const requests = new Map(); // orders that were not answered yet, by product: sent again, each is the same order
async function order(code, button) {
  // Not `disabled`, which would take the focus away from whoever orders by keyboard.
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  const what = products[code].description;
  try {
    const click = requests.get(code) ?? { request: drawn(), placed_at: new Date().toISOString() };
    requests.set(code, click);
    const answer = await fetch("/api/orders", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...click, stock_code: code, quantity: 1 }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    requests.delete(code);
    remember({ ...(await answer.json()), what });
  } catch (error) {
    link(false);
    at("link").textContent = error.message || "we could not take your order";
  }
  button.ariaDisabled = "false";
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem("orders")) ?? [];
  } catch {
    return [];
  }
}

function keep(orders) {
  try {
    sessionStorage.setItem("orders", JSON.stringify(orders));
  } catch {
    // A browser that keeps nothing forgets the orders with the page.
  }
}

function remember(made) {
  keep([made, ...remembered()].slice(0, MAX_ORDERS));
  follow(made);
  listen();
}

// `stages` are those last heard of: the site forgets an order sooner than the customer does.
function follow({ order_id: id, workflow_id: workflow, what, stages = [] }) {
  const made = at("order").content.cloneNode(true).firstElementChild;
  made.querySelector("h3").textContent = what.toLowerCase();
  const watch = made.querySelector(".watch");
  if (shop?.observer) {
    watch.href = `${shop.observer}/instances/${encodeURIComponent(workflow)}`;
    watch.hidden = false;
  }
  at("no-orders").hidden = true;
  at("orders").prepend(made);
  while (at("orders").children.length > MAX_ORDERS) at("orders").lastElementChild.remove();
  if (!isOver(stages)) following.set(id, made);
  show(made, stages);
}

function isOver(stages) {
  return ["delivered", "cancelled"].includes(stages.at(-1)?.[0]);
}

const following = new Map(); // orders on their way, by id: what shows each
let way;
// One stream for all: a browser has six connections for a host.
function listen() {
  way?.close();
  if (following.size === 0) return;
  const ids = [...following.keys()].slice(-MAX_ORDERS).map(encodeURIComponent).join(",");
  const live = new EventSource(`/api/orders/live?ids=${ids}`);
  way = live;
  live.addEventListener("order", (event) => {
    const told = JSON.parse(event.data);
    const made = following.get(told.order_id);
    if (!made || told.stages.length === 0) return;
    show(made, told.stages);
    keep(remembered().map((order) => (order.order_id === told.order_id ? { ...order, stages: told.stages } : order)));
    if (isOver(told.stages)) following.delete(told.order_id);
    if (following.size === 0) live.close();
  });
  live.addEventListener("error", () => {
    // A browser tries again by itself, but not where it was refused.
    if (live === way && live.readyState === EventSource.CLOSED) setTimeout(listen, TIDY_MS);
  });
}

function show(made, stages) {
  const when = new Map(stages);
  const last = stages.at(-1)?.[0];
  const said = SAID[last] ?? "We are taking your order…";
  // The same said again would be read aloud again.
  if (made.querySelector(".said").textContent !== said) made.querySelector(".said").textContent = said;
  made.classList.toggle("ended", last === "delivered");
  made.classList.toggle("failed", when.has("cancelled") || when.has("out-of-stock"));
  const list = when.has("cancelled") || when.has("out-of-stock")
    ? [...STAGES.filter(([stage]) => when.has(stage)), ["out-of-stock", "Shelf was empty"], ["cancelled", "Cancelled"]]
      .filter(([stage]) => when.has(stage) || stage === "cancelled")
    : STAGES;
  made.querySelector(".stages").replaceChildren(...list.map(([stage, words]) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = words;
    item.append(name);
    if (when.has(stage)) {
      item.className = "done";
      const time = document.createElement("time");
      time.textContent = new Date(when.get(stage)).toLocaleTimeString();
      item.append(time);
    }
    return item;
  }));
}

at("find").addEventListener("input", soon);
load().then(() => {
  remembered().reverse().forEach(follow);
  listen();
});
// Products that were sold since, with their descriptions and prices.
setInterval(load, TIDY_MS);
