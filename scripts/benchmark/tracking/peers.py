"""Runs a tracker from PyPI on detections: peers.py norfair|bytetrack < REQUEST > REPLY

REQUEST: {"fps": 5, "frames": [[[x1, y1, x2, y2, score], …], …]}
REPLY: for each frame the objects that it detected, [[id, x1, y1, x2, y2], …]
Exit code 3: the package is not installed.
"""

import json
import sys

HIDDEN_SECONDS = 5
SURE = 0.5


def norfair(fps, frames):
    """Frigate's choice of tracker and its settings: distances in units of the object's own size."""
    import numpy as np
    from norfair import Detection, Tracker

    def distance(detection, tracked):
        (left, top), (right, bottom) = tracked.estimate
        width, height = max(right - left, 1), max(bottom - top, 1)
        (x1, y1), (x2, y2) = detection.points
        across = ((x1 + x2) - (left + right)) / 2 / width
        along = (y2 - bottom) / height
        wider = max(x2 - x1, width) / max(min(x2 - x1, width), 1) - 1
        higher = max(y2 - y1, height) / max(min(y2 - y1, height), 1) - 1
        return float(np.linalg.norm([across, along, wider, higher]))

    confirmed_after = max(2, round(fps / 2))
    tracker = Tracker(
        distance_function=distance,
        distance_threshold=2.5,
        initialization_delay=confirmed_after,
        hit_counter_max=max(confirmed_after + 1, round(HIDDEN_SECONDS * fps)),
    )
    for index, boxes in enumerate(frames):
        sure = [box for box in boxes if box[4] >= SURE]
        found = [Detection(points=np.array([box[:2], box[2:4]]), data=index) for box in sure]
        tracked = tracker.update(found)
        yield [
            [one.id, *one.last_detection.points.flatten().tolist()]
            for one in tracked
            if one.last_detection.data == index
        ]


def bytetrack(fps, frames):
    import numpy as np
    import supervision
    from trackers import ByteTrackTracker

    tracker = ByteTrackTracker(lost_track_buffer=30 * HIDDEN_SECONDS, frame_rate=fps)
    for boxes in frames:
        values = np.array(boxes, dtype=float).reshape(-1, 5)
        found = supervision.Detections(
            xyxy=values[:, :4], confidence=values[:, 4], class_id=np.zeros(len(values), dtype=int)
        )
        tracked = tracker.update(found)
        ids = [] if tracked.tracker_id is None else tracked.tracker_id
        yield [[int(one), *box.tolist()] for one, box in zip(ids, tracked.xyxy) if one is not None and one >= 0]


def main():
    request = json.load(sys.stdin)
    run = {"norfair": norfair, "bytetrack": bytetrack}[sys.argv[1]]
    try:
        reply = list(run(request["fps"], request["frames"]))
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    json.dump(reply, sys.stdout)


main()
