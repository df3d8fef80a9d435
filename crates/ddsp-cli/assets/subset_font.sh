#!/bin/sh
# Makes the font that the plots embed: DejaVu Sans 2.37 (Debian fonts-dejavu-core), unhinted, cut to
# Latin, its first extension, common punctuation, arrows, the minus sign, and sharp and flat.
# Needs fonttools (4.68 made the committed file).
set -eu
cd "$(dirname "$0")"
pyftsubset "${1:-/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf}" \
    --unicodes='U+0020-007E,U+00A0-017F,U+2010-2026,U+2190-2193,U+2212,U+266D-266F' \
    --no-hinting --legacy-kern --layout-features='' --drop-tables+=FFTM,GDEF,GSUB,GPOS,MATH \
    --name-IDs='0,1,2,5,14' --output-file=DejaVuSans-subset.ttf
