"""The toy's other end: bills as lines of text, one POST each (or one GET of `/post?line=`), refused where the ref exists. `POST /bills`,
`GET /bills?ref=`."""

from __future__ import annotations

from aiohttp import web

from runtime.simulator.control import application
from runtime.simulator.installation import Installation
from runtime.simulator.serve import Options, Simulator
from runtime.simulator.store import Commit
from runtime.simulator.switches import Switches


class Settings(Switches):
    """The toy has no switches of its own."""

    system = "toybooks"


def build(options: Options) -> Simulator:
    """Books in one table."""
    books = Installation(options, Settings())
    app, store = application(books), books.store

    def line(row: dict[str, str]) -> str:
        return f"{row['ref']};{row['amount']};{row['number']};{row['party']};{row['date']};end\n"

    async def post(request: web.Request) -> web.Response:
        return posted(await request.text())

    async def post_by_get(request: web.Request) -> web.Response:
        return posted(request.query["line"])

    def posted(text: str) -> web.Response:
        ref, amount, party, day, _ = text.split(";")
        if store.get("bill", ref) is not None:
            return web.Response(status=409, text="known")
        row = {"ref": ref, "amount": amount, "number": f"B{store.next('bill')}", "party": party, "date": day}
        now = options.clock.now()
        store.put("bill", ref, row, now)
        store.commit(now, Commit("bill", "create", row["number"], row["number"], ref, amount, "USD", day))
        return web.Response(text=line(row))

    async def look(request: web.Request) -> web.Response:
        rows = [row for row in store.all("bill") if row["ref"] == request.query["ref"] or _same(row, request)]
        return web.Response(text="".join(map(line, rows)) + "end\n")

    async def kept(_: web.Request) -> web.Response:
        return web.json_response({"bills": store.all("bill")})

    app.router.add_post("/bills", post)
    app.router.add_get("/bills", look)
    app.router.add_get("/post", post_by_get)
    app.router.add_get("/__sim__/bills", kept)
    return books.simulator(app, {"token": "t"})


def _same(row: dict[str, str], request: web.Request) -> bool:
    return all(row[name] == request.query[name] for name in ("party", "date", "amount"))
