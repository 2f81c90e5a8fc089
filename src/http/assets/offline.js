// Keeps a copy of this page for when the network is away.
"use strict";
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js");
