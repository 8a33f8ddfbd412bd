/* Shows a message that was pushed (`zargar.notifications.channels.push.payload`); opens the inbox when it is touched.
   Which inbox: the page that was opened last says so; it is kept with the browser's caches, for this origin alone. */
"use strict";

const SHELF = "zargar-inbox";
const PLACE = "/inbox/last";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const inbox = event.data && event.data.inbox;
  if (typeof inbox !== "string" || !inbox.startsWith("/inbox/")) return;
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.put(PLACE, new Response(inbox))));
});

self.addEventListener("push", (event) => {
  const { title, body, tag, lang, dir } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag, lang, dir }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open());
});

async function open() {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const here = windows.find((one) => new URL(one.url).pathname.startsWith("/inbox/"));
  if (here) return here.focus();
  const kept = await (await caches.open(SHELF)).match(PLACE);
  return kept ? self.clients.openWindow(await kept.text()) : undefined;
}
