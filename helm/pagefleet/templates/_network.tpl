{{/*
Where an address leads, as JSON object: namespace (of a Service in the cluster, else "") and port.
Argument: a URL.
*/}}
{{- define "pagefleet.target" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{- $port = default (ternary "443" "80" (has $url.scheme (list "https" "s3"))) $port -}}
{{- $service := regexReplaceAll "^[a-z0-9-]+\\.([a-z0-9-]+)\\.svc(\\..*)?$" $url.hostname "${1}" -}}
{{- $namespace := ternary "" $service (eq $service $url.hostname) -}}
{{- dict "namespace" $namespace "port" (int $port) | toJson -}}
{{- end -}}

{{/*
One CIDR as ipBlock that contains no link-local address, so no metadata service of a cloud. The
addresses of such services are asked for by name: networkPolicy.metadataService, awsPodIdentity.
*/}}
{{- define "pagefleet.ipBlock" -}}
{{- $cidr := . -}}
{{- $parts := splitList "/" . -}}
{{- $bits := index $parts 1 | int -}}
{{- if contains ":" . -}}
{{- $first := include "pagefleet.first32" (first $parts) | int64 -}}
{{- $except := list -}}
{{- range list "fd00:ec2::/32" "fd20:ce::/32" "fe80::/10" -}}
{{- $closed := splitList "/" . -}}
{{- $size := 1 -}}
{{- range until (int (sub 32 (min $bits (index $closed 1 | int)))) }}{{ $size = mul 2 $size }}{{ end -}}
{{- /* Two ranges overlap where the bits that both fix are equal. */ -}}
{{- if eq (div $first $size) (div (include "pagefleet.first32" (first $closed) | int64) $size) -}}
{{- if ge $bits (index $closed 1 | int) -}}
{{- fail (printf "networkPolicy: %s is link-local or a metadata service; use networkPolicy.metadataService or awsPodIdentity" $cidr) -}}
{{- end -}}
{{- $except = append $except . -}}
{{- end -}}
{{- end -}}
ipBlock:
  cidr: {{ $cidr | quote }}
  {{- with $except }}
  except: {{ toJson . }}
  {{- end }}
{{- else -}}
{{- $octets := splitList "." (first $parts) -}}
{{- $high := add (mul 256 (index $octets 0 | int)) (index $octets 1 | int) -}}
{{- /* 169.254.0.0/16 as number of 16 bits; a wider CIDR contains it where the leading bits are equal. */ -}}
{{- $local := 43518 -}}
{{- if and (ge $bits 16) (eq (int $high) $local) -}}
{{- fail (printf "networkPolicy: %s is link-local, like the metadata service; use networkPolicy.metadataService or awsPodIdentity" .) -}}
{{- end -}}
ipBlock:
  cidr: {{ . }}
  {{- $size := 1 }}
  {{- range until (int (max 0 (sub 16 $bits))) }}{{ $size = mul 2 $size }}{{ end }}
  {{- if and (lt $bits 16) (eq (div $high $size) (div $local $size)) }}
  except: [169.254.0.0/16]
  {{- end }}
{{- end -}}
{{- end -}}

{{/* The first 32 bits of an IPv6 address as a number. */}}
{{- define "pagefleet.first32" -}}
{{- $groups := splitList ":" . -}}
{{- $high := default "0" (index $groups 0) | printf "0x%s" | int64 -}}
{{- add (mul 65536 $high) (default "0" (index $groups 1) | printf "0x%s" | int64) -}}
{{- end -}}

{{/* A rule from namespaces and CIDRs to ports; nothing where both lists are empty. Arguments: namespaces, cidrs, ports (list of rule ports). */}}
{{- define "pagefleet.ingressRule" -}}
{{- if or .namespaces .cidrs }}
- from:
    {{- range .namespaces }}
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ . | quote }}}
    {{- end }}
    {{- range .cidrs }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
  ports:
    {{- toYaml .ports | nindent 4 }}
{{- end }}
{{- end -}}

{{/* A rule to CIDRs on ports; nothing where one of the lists is empty. Arguments: cidrs, ports (numbers). */}}
{{- define "pagefleet.egressRule" -}}
{{- if and .cidrs .ports }}
- to:
    {{- range .cidrs }}
    - {{- include "pagefleet.ipBlock" . | nindent 6 }}
    {{- end }}
  ports:
    {{- range .ports }}
    - {port: {{ int . }}, protocol: TCP}
    {{- end }}
{{- end }}
{{- end -}}

{{/* A rule to all pods of a namespace at every port: ports of pods need not be those of their Service. */}}
{{- define "pagefleet.namespaceRule" -}}
- to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: {{ . | quote }}}
{{- end -}}

{{/* The server of an openai pool; "" for other engines. Arguments: root, pool. */}}
{{- define "pagefleet.engineUrl" -}}
{{- if eq .pool.engine "openai" -}}
{{- coalesce (get .pool.env "PAGEFLEET_ENGINE_URL") (get .pool.settings "engine_url") (get .root.Values.settings "engine_url") | default "" -}}
{{- end -}}
{{- end -}}

{{/* URLs in the values that pods of the fleet call, except the broker's, as JSON list. */}}
{{- define "pagefleet.calledUrls" -}}
{{- $urls := list -}}
{{- if .Values.store.endpointUrl }}{{ $urls = append $urls .Values.store.endpointUrl }}{{ else }}{{ $urls = append $urls "https://s3.amazonaws.com" }}{{ end -}}
{{- with .Values.traces.endpoint }}{{ $urls = append $urls . }}{{ end -}}
{{- range (.Values.extraEnv | default list) -}}
{{- if and (has (upper .name) (list "HTTP_PROXY" "HTTPS_PROXY" "ALL_PROXY")) .value }}{{ $urls = append $urls (ternary .value (printf "http://%s" .value) (contains "://" .value)) }}{{ end -}}
{{- end -}}
{{- range .Values.watchers -}}
{{- $args := .args | default list -}}
{{- range $place, $word := $args -}}
{{- if hasPrefix "--queue-url=" $word }}{{ $urls = append $urls (trimPrefix "--queue-url=" $word) }}{{ end -}}
{{- if and (eq $word "--queue-url") (lt (int (add 1 $place)) (len $args)) }}{{ $urls = append $urls (index $args (int (add 1 $place))) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range $poolName := keys .Values.pools | sortAlpha -}}
{{- $pool := include "pagefleet.pool" (dict "root" $ "name" $poolName) | fromYaml -}}
{{- if $pool.enabled -}}
{{- with include "pagefleet.engineUrl" (dict "root" $ "pool" $pool) }}{{ $urls = append $urls . }}{{ end -}}
{{- if include "pagefleet.downloads" $pool -}}
{{- $urls = append $urls (default "https://huggingface.co" $pool.modelCache.download.endpoint) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $urls -}}
{{- end -}}
