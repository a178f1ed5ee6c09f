// How kube-apiserver hands on that etcd's quota is used up: an error of the server with etcd's own words (etcd,
// api/v3rpc/rpctypes/error.go: ErrGRPCNoSpace).

import type {PortError} from '../ports.ts';

export const isSpaceExceeded = ({message}: PortError): boolean => message.includes('database space exceeded');
