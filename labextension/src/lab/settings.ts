/** The settings of `schema/plugin.json`, and how every view on the page comes to follow them. */
import { defaultFolds } from '../preferences';

export type Density = 'comfortable' | 'compact';

export interface ISettings {
  density: Density;
  openReasoning: boolean;
  openAnswer: boolean;
  wrap: boolean;
  refreshSeconds: number;
}

export const DEFAULTS: ISettings = {
  density: 'comfortable',
  openReasoning: false,
  openAnswer: true,
  wrap: true,
  refreshSeconds: 5
};

/** Settings of whatever is stored: what is missing or of another kind is the default. */
export function readSettings(stored: { [key: string]: unknown }): ISettings {
  const flag = (name: 'openReasoning' | 'openAnswer' | 'wrap'): boolean => {
    const value = stored[name];
    return typeof value === 'boolean' ? value : DEFAULTS[name];
  };
  const { density, refreshSeconds: seconds } = stored;
  return {
    density: density === 'compact' ? density : DEFAULTS.density,
    openReasoning: flag('openReasoning'),
    openAnswer: flag('openAnswer'),
    wrap: flag('wrap'),
    refreshSeconds:
      typeof seconds === 'number' && Number.isFinite(seconds)
        ? Math.min(Math.max(seconds, 1), 3600)
        : DEFAULTS.refreshSeconds
  };
}

/** Density and wrapping are style (`style/panel.css`) and change at once; folds count for the next sample shown. */
export function applySettings(settings: ISettings): void {
  document.body.dataset.qwqDensity = settings.density;
  document.body.dataset.qwqWrap = String(settings.wrap);
  defaultFolds.reasoning = settings.openReasoning;
  defaultFolds.answer = settings.openAnswer;
}
