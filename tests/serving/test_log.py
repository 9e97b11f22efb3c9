"""Lines of the log: for people, or an object each for a collector."""

import json
import logging

from serving.log import LogFormat, log_handler


def written(log_format: LogFormat, value: str = "é") -> str:
    error = ValueError("it broke")
    record = logging.LogRecord(
        "forbear.serving",
        logging.ERROR,
        __file__,
        1,
        'a line with "marks",\nits end and %s',
        (value,),
        (ValueError, error, None),
    )
    return log_handler(log_format).format(record)


def test_a_line_of_json_is_one_object() -> None:
    [line] = written("json").splitlines()
    said = json.loads(line)
    assert said["message"] == 'a line with "marks",\nits end and é'
    assert (said["level"], said["logger"]) == ("error", "forbear.serving")
    assert said["at"].endswith("+00:00")
    assert said["exception"] == "ValueError: it broke"


def test_a_line_of_json_is_written_whatever_the_encoding() -> None:
    line = written("json", "é\ud800")
    assert line.isascii()
    assert json.loads(line)["message"].endswith("é\ud800")


def test_a_line_for_people_has_its_level_and_logger() -> None:
    assert " ERROR forbear.serving a line" in written("text")
