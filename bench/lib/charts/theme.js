'use strict';

// How charts look on a light and on a dark page.

const FONT = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif';

/** Ours, what is compared with, and what is only the physical limit. */
const LIGHT = { text: '#1f2328', faint: '#59636e', line: '#d1d9e0', own: '#0969da', peer: '#9aa4af', limit: '#dbe1e7' };
const DARK = { text: '#f0f6fc', faint: '#9198a1', line: '#3d444d', own: '#4493f8', peer: '#6e7681', limit: '#343b44' };

/** @type {Record<string, typeof LIGHT>} */
const THEMES = { light: LIGHT, dark: DARK };

/** @param {typeof LIGHT} colors @returns {object} the `config` of a Vega-Lite chart; the page shows through */
function config(colors) {
  const axis = { labelColor: colors.faint, titleColor: colors.faint, gridColor: colors.line, domainColor: colors.line };
  return {
    background: null,
    font: FONT,
    view: { stroke: null },
    axis: {
      ...axis,
      tickColor: colors.line,
      labelLimit: 240,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 400,
    },
    header: { labelColor: colors.text, labelFontSize: 13, labelFontWeight: 600, titleColor: colors.text },
    legend: {
      symbolFillColor: colors.faint,
      symbolStrokeColor: colors.faint,
      labelColor: colors.text,
      titleColor: colors.faint,
      labelFontSize: 12,
    },
    title: { color: colors.text, subtitleColor: colors.faint, fontSize: 15, subtitleFontSize: 12, anchor: 'start' },
  };
}

module.exports = { THEMES, config };
