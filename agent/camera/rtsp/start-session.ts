import { randomBytes } from "node:crypto";
import type { Size } from "../../base/box.ts";
import type { Clock } from "../../base/clock.ts";
import type { AccessUnit, RtpPacket, VideoCodec, VideoFormat } from "./access-unit.ts";
import type { RtspAddress } from "./address.ts";
import { type ArrivalLimit, arrivalLimit } from "./arrival-limit.ts";
import { type CameraSession, cameraSession, TransportFailed } from "./camera-session.ts";
import { type ChosenVideo, chooseVideo } from "./choose-video.ts";
import { depacketizerOf } from "./depacketizers.ts";
import { describeStream } from "./describe.ts";
import type { Track } from "./description.ts";
import type { CameraLogin } from "./login.ts";
import { connectionError, noAnswerError, stalledError } from "./reasons/connection.ts";
import {
  endedError,
  noFrameError,
  noParameterSetsError,
  silenceError,
  unusablePacketsError,
} from "./reasons/stream.ts";
import { Redirected } from "./requests.ts";
import { timeLimit } from "./time-limit.ts";
import { trackReceiver } from "./track-receiver.ts";
import { createUnitQueue } from "./unit-queue.ts";

/** Which tracks of a camera's stream are played. */
export interface PlayedStream {
  /** The camera's name: error messages start with it. */
  readonly camera: string;
  /** Pixels; of several video tracks, the one with this size is played. */
  readonly size?: Size | undefined;
  /** Whether the first audio track is played, too. */
  readonly audio?: boolean;
}

export interface PlayOptions {
  readonly clock: Clock;
  /** Ends the access units without an error when aborted. While the session is opened, aborting it is an error. */
  readonly signal: AbortSignal;
  /** Takes the packets of the audio track in order. */
  readonly onAudio?: (packet: RtpPacket) => void;
}

/** The properties of a session's stream, for users. */
export interface SessionFacts {
  readonly codec: VideoCodec;
  /** Of the parameter sets in the description; undefined: it has none. */
  readonly format: VideoFormat | undefined;
  readonly transport: "tcp" | "udp";
  readonly login: "none" | "basic" | "digest";
  /** Whether the password has been sent without any encryption. */
  readonly isPasswordExposed: boolean;
  /** Whether the video is unencrypted although the session is encrypted: TLS does not cover UDP. */
  readonly isVideoExposed: boolean;
  /** All audio tracks of the stream. */
  readonly audio: readonly Track[];
  readonly videoTracks: number;
  /** Which of the video tracks is played, from 0, and why. */
  readonly chosen: Pick<ChosenVideo, "index" | "why">;
}

/** A stream that plays. Leaving the scope ends the session at the camera (TEARDOWN) and closes the connection. */
export interface RtspSession extends AsyncDisposable {
  readonly facts: SessionFacts;
  /**
   * The video, for one consumer. A consumer that falls behind by several seconds loses access units.
   * Ends without an error only when the signal is aborted or the session is left.
   * @throws TransientError if the camera ends the stream, disconnects or sends no whole frame for a time (ten seconds; longer
   * if its frames were further apart before); ConfigError if it redirects elsewhere or refuses the login
   */
  units(): AsyncIterable<AccessUnit>;
}

/** How to reach the stream. */
export interface SessionRoute {
  readonly at: RtspAddress;
  readonly transport: "tcp" | "udp";
  readonly login: CameraLogin;
  /** The longest time from the request to play to the first packet. */
  readonly firstPacketMs: number;
}

const ANSWERS_WITHIN_MS = 10_000;
/** The largest access unit and a little more. A camera that sends more without completing one only fills the memory. */
const MOST_BYTES_WITHOUT_UNIT = 10e6;
/** Cameras repeat parameter sets before each key frame, unless their description contains them. */
const PARAMETER_SETS_WITHIN_MS = 5_000;
/** Packets that have arrived meanwhile are read first: the process, not the camera, may have paused. */
const CHECK_AGAIN_MS = 250;

/**
 * Opens a camera's stream (RTSP 1.0, RFC 2326): returns when its first packet has arrived.
 * @throws Redirected; TransportFailed if another transport may work; ConfigError if a person must change something;
 * TransientError if a retry can help; any error if the signal is aborted
 */
export async function startSession(
  stream: PlayedStream,
  route: SessionRoute,
  options: PlayOptions,
): Promise<RtspSession> {
  const { camera } = stream;
  const { at, transport, login, firstPacketMs } = route;
  const { clock, signal, onAudio = () => {} } = options;
  const arrived = Promise.withResolvers<"arrived">();
  const queue = createUnitQueue();
  const stop = new AbortController();
  let session: CameraSession | undefined;

  const end = (error?: Error) => {
    stop.abort();
    queue.end(error);
  };
  const abort = () => end();
  const close = async () => {
    end();
    signal.removeEventListener("abort", abort);
    await session?.close();
  };
  const receiver = (track: Track, onPacket: (packet: RtpPacket) => void) =>
    trackReceiver(track, {
      clock,
      ssrc: randomBytes(4).readUInt32BE(),
      isReliable: transport === "tcp",
      onFirst: () => arrived.resolve("arrived"),
      onPacket,
      onBye: () => end(endedError(camera, "BYE")),
    });

  /** Everything up to the reply to PLAY. */
  async function negotiate(answers: AbortSignal) {
    const described = await describeStream(camera, at, login, answers);
    const { connection, description } = described;
    const onEnd = (error: Error) => end(connectionError(camera, error, "play"));
    session = cameraSession({ camera, at, described, transport, clock, onEnd });
    void connection.ended.then(onEnd);
    const chosen = chooseVideo(camera, description, stream.size);
    const depacketizer = depacketizerOf(chosen.track);
    const arrivals = arrivalLimit(clock.monotonicMs());
    let bytesWithoutUnit = 0;
    let hasVideo = false;
    let lacksSetsSinceMs: number | undefined;
    const onVideo = (packet: RtpPacket) => {
      hasVideo = true;
      arrivals.packet(packet.arrivedMs);
      const units = depacketizer.push(packet);
      for (const unit of units) {
        arrivals.unit(packet.arrivedMs);
        queue.push(unit);
        if (unit.isKey) lacksSetsSinceMs = undefined;
        if (unit.lacksParameterSets !== true) continue;
        // The sets of the first key frame may have been sent before the session.
        lacksSetsSinceMs ??= packet.arrivedMs;
        if (packet.arrivedMs - lacksSetsSinceMs >= PARAMETER_SETS_WITHIN_MS) {
          end(noParameterSetsError(camera, PARAMETER_SETS_WITHIN_MS / 1000));
        }
      }
      bytesWithoutUnit = units.length > 0 ? 0 : bytesWithoutUnit + packet.payload.length;
      if (bytesWithoutUnit > MOST_BYTES_WITHOUT_UNIT) {
        end(noFrameError(camera, `${MOST_BYTES_WITHOUT_UNIT / 1e6} MB`));
      }
    };
    const video = receiver(chosen.track, onVideo);
    const silence = (seconds: number) => {
      const received = video.newestType();
      return hasVideo || received === "none"
        ? silenceError(camera, seconds, hasVideo)
        : unusablePacketsError(camera, seconds, chosen.track.payloadType, received);
    };
    await session.setUp(chosen.track, video, answers);
    const [audio] = description.audio;
    if (stream.audio === true && audio !== undefined) {
      await session.setUp(audio, receiver(audio, onAudio), answers);
    }
    await session.play(answers);
    return { connection, description, chosen, arrivals, silence };
  }

  async function negotiateInTime() {
    using limit = timeLimit(clock, ANSWERS_WITHIN_MS, signal);
    try {
      return await negotiate(limit.signal);
    } catch (error) {
      if (!limit.isOver()) throw error;
      const seconds = ANSWERS_WITHIN_MS / 1000;
      const isDescribed = session !== undefined;
      throw isDescribed
        ? stalledError(camera, seconds)
        : noAnswerError(camera, seconds, at.scheme === "rtsps");
    }
  }

  /** @param silence the error when no packet of the video arrives for this many seconds */
  async function watchArrivals(
    { failsAtMs, failure }: ArrivalLimit,
    silence: (seconds: number) => Error,
  ): Promise<void> {
    while (!stop.signal.aborted) {
      await clock.sleep(Math.max(0, failsAtMs() - clock.monotonicMs()), stop.signal);
      await clock.sleep(CHECK_AGAIN_MS, stop.signal);
      if (stop.signal.aborted || clock.monotonicMs() < failsAtMs()) continue;
      const { missing, ms } = failure();
      const seconds = Math.round(ms / 1000);
      end(missing === "packets" ? silence(seconds) : noFrameError(camera, `${seconds} s`));
    }
  }

  try {
    const { connection, description, chosen, arrivals, silence } = await negotiateInTime();
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    const late = clock.sleep(firstPacketMs, stop.signal).then(() => "late" as const);
    const first = await Promise.race([arrived.promise, connection.ended, late]);
    if (first instanceof Error) throw connectionError(camera, first, "start");
    if (signal.aborted) throw signal.reason;
    if (first === "late" && !stop.signal.aborted) {
      throw new TransportFailed(silenceError(camera, firstPacketMs / 1000, false), "silent");
    }
    void watchArrivals(arrivals, silence);
    const method = login.method();
    return {
      facts: {
        codec: chosen.track.codec,
        format: chosen.track.format,
        transport,
        login: method,
        isPasswordExposed: at.scheme === "rtsp" && method === "basic",
        isVideoExposed: at.scheme === "rtsps" && transport === "udp",
        audio: description.audio,
        videoTracks: description.video.length,
        chosen: { index: chosen.index, why: chosen.why },
      },
      units: () => queue.units(),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    if (error instanceof Redirected || error instanceof TransportFailed) throw error;
    throw connectionError(camera, error, "open", at);
  }
}
