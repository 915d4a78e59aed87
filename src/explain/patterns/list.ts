/** Every pattern, most specific first: the first that matches a line speaks for it. */
import type { Pattern } from '../define.ts';
import { APACHE } from './apache.ts';
import { BALANCERS } from './balancers.ts';
import { BEAM } from './beam.ts';
import { BROWSERS } from './browsers.ts';
import { CLOUD } from './cloud.ts';
import { DATABASES } from './databases.ts';
import { DOTNET } from './dotnet.ts';
import { ENVOY } from './envoy.ts';
import { GO } from './go.ts';
import { GRPC_PATTERNS } from './grpc.ts';
import { HAPROXY } from './haproxy.ts';
import { HTTP_STATUS } from './http-status.ts';
import { JVM } from './jvm.ts';
import { NGINX } from './nginx.ts';
import { NODE } from './node.ts';
import { ORACLE } from './oracle.ts';
import { PACKAGES } from './packages.ts';
import { PYTHON } from './python.ts';
import { SCRIPTS } from './scripts.ts';
import { SYSTEM } from './system.ts';
import { TOOLS } from './tools.ts';

export const PATTERNS: readonly Pattern[] = [
  ...NGINX,
  ...HAPROXY,
  ...CLOUD,
  ...BALANCERS,
  ...ENVOY,
  ...APACHE,
  ...GRPC_PATTERNS,
  ...DATABASES,
  ...ORACLE,
  ...BROWSERS,
  ...TOOLS,
  ...PACKAGES,
  ...PYTHON,
  ...JVM,
  ...DOTNET,
  ...SCRIPTS,
  ...BEAM,
  ...GO,
  ...NODE,
  ...HTTP_STATUS,
  ...SYSTEM,
];
