/** What weights can be exported as. */
export const exportDtypes = ['fp32', 'fp16', 'q8'] as const;
/** One of {@link exportDtypes}: float32, float16, or int8 weights. */
export type ExportDtype = (typeof exportDtypes)[number];

/** What transformers.js appends to the name of a model file. */
export const dtypeSuffix: Readonly<Record<ExportDtype, string>> = { fp32: '', fp16: '_fp16', q8: '_quantized' };
