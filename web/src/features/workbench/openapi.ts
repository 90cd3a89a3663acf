/* What of an OpenAPI 3.1 document is needed to make a call. */

interface Schema {
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly type?: string | readonly string[];
}
interface RawParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}
interface RawOperation {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly RawParameter[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly example?: unknown }>> };
  readonly responses?: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
}

export interface Parameter {
  readonly name: string;
  readonly place: 'path' | 'query' | 'header';
  readonly isRequired: boolean;
  readonly says: string;
  readonly sample: string;
}
export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  /** An example of the body, as text; empty where there is none. */
  readonly sample: string;
  readonly isStream: boolean;
}
export interface Request {
  readonly method: string;
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => {
      const example = raw.requestBody?.content?.['application/json']?.example;
      return {
        id: raw.operationId,
        method,
        path,
        tag: raw.tags?.[0] ?? 'other',
        summary: raw.summary ?? '',
        parameters: (raw.parameters ?? []).map((one) => ({
          name: one.name,
          place: one.in,
          isRequired: one.required === true,
          says: one.description ?? '',
          sample: String(one.schema?.examples?.[0] ?? one.schema?.enum?.[0] ?? ''),
        })),
        sample: example === undefined ? '' : JSON.stringify(example, null, 2),
        isStream: raw.responses?.['200']?.content?.['text/event-stream'] !== undefined,
      };
    }),
  );
}

/** The call, as it goes out. */
export function requestOf(
  operation: Operation,
  values: Readonly<Record<string, string>>,
  body: string,
): Request {
  const headers: Record<string, string> = {};
  const query = new URLSearchParams();
  let path = operation.path;
  for (const { name, place } of operation.parameters) {
    const value = values[name];
    if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value ?? ''));
    else if (value === undefined || value === '') continue;
    else if (place === 'query') query.append(name, value);
    else headers[name] = value;
  }
  const asked = query.toString();
  const hasBody = body.trim() !== '' && operation.method !== 'get';
  if (hasBody) headers['Content-Type'] = 'application/json';
  return {
    method: operation.method.toUpperCase(),
    address: asked === '' ? path : `${path}?${asked}`,
    headers,
    body: hasBody ? body : null,
  };
}

const quoted = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;

/** The same call for a shell. */
export function curlOf(origin: string, request: Request): string {
  const parts = [`curl -X ${request.method} ${quoted(origin + request.address)}`];
  for (const [name, value] of Object.entries(request.headers))
    parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (request.body !== null) parts.push(`-d ${quoted(request.body)}`);
  return parts.join(' \\\n  ');
}
