"""Asks the shop for a few pages a second over kept-alive connections, for so many seconds and no longer."""

import http.client
import random
import sys
import threading
import time

WORKERS = 3
PAUSE = 0.4  # seconds between two requests of a worker

PAGES = [
    (10, lambda: f"/orders/{random.randint(1, 500)}?token=never-shown"),
    (6, lambda: f"/users/{random.randint(1, 100)}"),
    (2, lambda: "/slow"),
    (2, lambda: "/fail"),
]


def work(port, until, statuses):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    weights = [weight for weight, _ in PAGES]
    page = PAGES[0][1]  # at least one order, however short the load
    while time.monotonic() < until:
        connection.request("GET", page())
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        time.sleep(PAUSE * random.uniform(0.5, 1.5))
        (_, page), = random.choices(PAGES, weights)
    connection.close()


if __name__ == "__main__":
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    statuses = []
    until = time.monotonic() + seconds
    workers = [threading.Thread(target=work, args=(port, until, statuses)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(f"{len(statuses)} requests made, {sum(status >= 500 for status in statuses)} of them answered with an error",
          flush=True)
