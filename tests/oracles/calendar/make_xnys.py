"""Writes xnys.json: the New York sessions 1990-2040 as the Python package exchange_calendars knows them.

Run in an environment with the versions below; prints nothing, replaces xnys.json beside this script.
    pip install exchange_calendars==4.13.2 tzdata==2026.6 python-dateutil==4.0.0

Compact form: `closed` = weekdays that are no session; `open` = weekend dates that are one (none);
`closes` = runs of [first session, minutes after 00:00 UTC of the close, unless early];
`early` = session -> minutes after 00:00 UTC of the close where New York's clock shows another time than 16:00;
`easter` = Easter Sundays of 1900 to 2099 by dateutil, wider than the sessions because its exceptions are rare.
"""

import json
from pathlib import Path

import exchange_calendars
import pandas
from dateutil.easter import easter

first, last = "1990-01-01", "2040-12-31"
calendar = exchange_calendars.get_calendar("XNYS", start=first, end=last)
sessions = calendar.sessions
weekdays = pandas.bdate_range(first, last)


def date(stamp):
    return stamp.strftime("%Y-%m-%d")


runs, early = [], {}
for session in sessions:
    close = calendar.session_close(session)
    minutes = int((close.tz_localize(None) - session).total_seconds() // 60)
    if close.tz_convert("America/New_York").strftime("%H:%M") != "16:00":
        early[date(session)] = minutes
    elif not runs or runs[-1][1] != minutes:
        runs.append([date(session), minutes])

answer = {
    "package": f"exchange_calendars {exchange_calendars.__version__}",
    "first": first,
    "last": last,
    "sessionCount": len(sessions),
    "closed": [date(day) for day in weekdays.difference(sessions)],
    "open": [date(day) for day in sessions.difference(weekdays)],
    "closes": runs,
    "early": early,
    "easter": [easter(year).isoformat() for year in range(1900, 2100)],
}
Path(__file__).with_name("xnys.json").write_text(json.dumps(answer, separators=(",", ":")) + "\n")
