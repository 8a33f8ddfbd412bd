/* Have this browser told of new messages, or no more. Where it cannot be, the button stays hidden.
   The words are the page's own: data attributes of #push. */
"use strict";

(async () => {
  const box = document.getElementById("push");
  if (!box || !window.isSecureContext || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  const { key, devices, worker, on, off, denied, failed } = box.dataset;
  const button = box.querySelector("button");
  const told = box.querySelector("output");

  const raw = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const isOurs = (subscription) => {
    const held = subscription.options.applicationServerKey;
    const ours = raw(key);
    return held !== null && held.byteLength === ours.length && new Uint8Array(held).every((one, n) => one === ours[n]);
  };
  const tell = async (method, subscription, renewed) => {
    const body = JSON.stringify({ ...subscription.toJSON(), renewed });
    const answer = await fetch(devices, { method, body, headers: { "Content-Type": "application/json" } });
    if (!answer.ok) throw new Error(`${method}: ${answer.status}`);
    return (await answer.json()).device !== null;
  };
  const registered = async () => {
    const registration = await navigator.serviceWorker.register(worker);
    const waiting = registration.installing || registration.waiting;
    if (!registration.active && waiting) {
      await new Promise((done) => {
        waiting.addEventListener("statechange", () => waiting.state === "activated" && done());
      });
    }
    registration.active.postMessage({ inbox: location.pathname });
    return registration;
  };
  const current = async () => {
    const registration = await navigator.serviceWorker.getRegistration(worker);
    return registration ? registration.pushManager.getSubscription() : null;
  };
  // The subscription by which this inbox is told, known before a press: Safari asks for permission only at once.
  let standing = null;
  const show = (subscription, words = "") => {
    standing = subscription;
    button.textContent = standing ? off : on;
    told.textContent = words;
    button.hidden = false;
  };
  const begin = async () => {
    const registration = await registered();
    const older = await registration.pushManager.getSubscription();
    if (older && !isOurs(older)) await older.unsubscribe(); // made for a key that is no longer ours
    const options = { userVisibleOnly: true, applicationServerKey: raw(key) };
    const subscription = await registration.pushManager.subscribe(options);
    await tell("POST", subscription, false);
    return subscription;
  };
  const end = async (subscription) => {
    await tell("DELETE", subscription, false); // the browser's subscription stays: another inbox may be told by it
    return null;
  };
  const press = async () => {
    button.disabled = true;
    try {
      if (standing) show(await end(standing));
      else if ((await Notification.requestPermission()) === "granted") show(await begin());
      else show(null, denied);
    } catch {
      show(standing, failed);
    }
    button.disabled = false;
  };
  const isStanding = async (subscription) => {
    if (!subscription || !isOurs(subscription)) return false;
    return tell("POST", subscription, true).catch(() => false); // to be pressed again, which harms nothing
  };

  button.addEventListener("click", press);
  const before = await current();
  if (await isStanding(before)) {
    show(before);
    await registered();
  } else {
    show(null);
  }
})();
