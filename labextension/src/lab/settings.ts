/** The settings of `schema/plugin.json`, and how every view on the page comes to follow them. */
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { defaultFolds } from '../view/preferences';

/** Of the plugin, and of its settings. */
export const PLUGIN_ID = 'qwq-nb:plugin';

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

/** The settings as they are now, kept in step with what is stored. */
export class Settings {
  now: ISettings = DEFAULTS;

  constructor(
    registry: ISettingRegistry | null,
    changed: (settings: ISettings) => void
  ) {
    this._changed = changed;
    if (registry) {
      registry.load(PLUGIN_ID).then(
        stored => {
          this._stored = stored;
          stored.changed.connect(() => this._take(stored.composite));
          this._take(stored.composite);
        },
        error => console.warn('qwq-nb: the settings cannot be read', error)
      );
    }
  }

  async toggleCompact(): Promise<void> {
    const density = this.now.density === 'compact' ? 'comfortable' : 'compact';
    if (this._stored) {
      await this._stored.set('density', density);
    } else {
      this._take({ ...this.now, density });
    }
  }

  private _take(stored: { [key: string]: unknown }): void {
    this.now = readSettings(stored);
    applySettings(this.now);
    this._changed(this.now);
  }

  private _changed: (settings: ISettings) => void;
  private _stored: ISettingRegistry.ISettings | null = null;
}
