#!/bin/sh
# Makes the audio files beside this script: a 440 Hz sine at amplitude 0.5, 0.3 s unless said otherwise.
# Needs ffmpeg (with libmp3lame, libvorbis and libopus) and fdkaac; README.md names the versions.
set -eu
cd "$(dirname "$0")"

FFMPEG="ffmpeg -hide_banner -loglevel error -y"
EXACT="-fflags +bitexact -flags:a +bitexact -map_metadata -1"
# encode RATE CHANNELS SECONDS OUTPUT [ENCODER OPTIONS]
encode() {
    rate=$1 channels=$2 seconds=$3 output=$4
    shift 4
    one="0.5*sin(2*PI*440*t)"
    expr=$one
    [ "$channels" = 2 ] && expr="$one|$one"
    $FFMPEG -f lavfi -i "aevalsrc='$expr':s=$rate:d=$seconds" $EXACT "$@" "$output"
}

encode 44100 2 0.3 tone.mp3 -c:a libmp3lame -b:a 96k
encode 44100 1 1 no_header.mp3 -c:a libmp3lame -q:a 2 -write_xing 0 -id3v2_version 0
encode 44100 2 0.3 tone.ogg -c:a libvorbis -q:a 3
encode 44100 1 2 pages.ogg -c:a libvorbis -q:a 0 -page_duration 200000
encode 44100 1 0.3 tone.m4a -c:a aac -b:a 64k
encode 22050 1 0.3 tone.aiff -c:a pcm_s16be
encode 48000 2 0.3 tone.flac -metadata_header_padding 0 -c:a flac -sample_fmt s32 -bits_per_raw_sample 24
encode 44100 1 0.2 tone_alac.m4a -c:a alac
encode 8000 1 0.509 tone_adpcm.wav -c:a adpcm_ms
encode 16000 1 0.3 tone.caf -c:a pcm_s16be

# What we name and refuse.
encode 48000 1 0.3 tone.opus -c:a libopus -b:a 32k
encode 48000 1 0.3 tone.webm -c:a libopus -b:a 32k
encode 44100 1 0.3 tone.wma -c:a wmav2 -b:a 64k
encode 48000 1 0.3 tone.ac3 -c:a ac3 -b:a 64k
encode 48000 1 0.3 tone_ac3.m4a -c:a ac3 -b:a 64k -f mp4

# HE-AAC: signalled in the header, signalled only in the stream, and as a bare ADTS stream.
encode 44100 1 0.5 temporary.wav -c:a pcm_s16le
fdkaac --silent --profile 5 --bitrate 24000 -o he_aac_explicit.m4a temporary.wav
fdkaac --silent --profile 5 --bitrate 24000 --transport-format 2 -o he_aac.aac temporary.wav
fdkaac --silent --profile 2 --bitrate 48000 --transport-format 2 -o tone.aac temporary.wav
fdkaac --silent --profile 2 --bitrate 48000 -o tone_smpb.m4a temporary.wav
$FFMPEG -i he_aac.aac -c:a copy -bsf:a aac_adtstoasc he_aac_implicit.m4a
rm temporary.wav
