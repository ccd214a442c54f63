/** What a config file says of one tower; what it leaves out is undefined. */
export interface TowerClaims {
  readonly width?: number | undefined;
  readonly layers?: number | undefined;
  readonly heads?: number | undefined;
  readonly mlpWidth?: number | undefined;
  readonly activation?: 'quick_gelu' | 'gelu' | undefined;
  readonly normEpsilon?: number | undefined;
}

/** … of the vision tower. */
export interface VisionClaims extends TowerClaims {
  readonly imageSize?: number | undefined;
  readonly patchSize?: number | undefined;
}

/** … of the text tower. */
export interface TextClaims extends TowerClaims {
  readonly contextLength?: number | undefined;
  readonly vocabularySize?: number | undefined;
  /** The token that ends a text; undefined for the highest id of the sequence. */
  readonly endOfTextId?: number | undefined;
}

/** The architecture according to a config file beside the weights, to be held against their shapes. */
export interface ConfigClaims {
  /** File name, for messages. */
  readonly file: string;
  readonly vision: VisionClaims;
  readonly text: TextClaims;
  readonly embedDim?: number | undefined;
  /** Things a person should know about how the file was read. */
  readonly notes: readonly string[];
}
