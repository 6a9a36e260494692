{{- define "pagefleet.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "pagefleet.selector" -}}
app.kubernetes.io/name: pagefleet
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "pagefleet.labels" -}}
{{ include "pagefleet.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "pagefleet.image" -}}
{{- $image := .image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .root.Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{/* A value as the text of a variable: whole numbers without an exponent. */}}
{{- define "pagefleet.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) (float64 .)) -}}{{ printf "%.0f" . }}{{- else -}}{{ toString . }}{{- end -}}
{{- end -}}

{{/* Settings as JSON object of variables. */}}
{{- define "pagefleet.settings" -}}
{{- $variables := dict -}}
{{- range $name, $value := . -}}
{{- $_ := set $variables (printf "PAGEFLEET_%s" (upper $name)) (include "pagefleet.text" $value) -}}
{{- end -}}
{{- toJson $variables -}}
{{- end -}}

{{/* Seconds from SIGTERM to SIGKILL: the drain and a margin that exceeds the supervisor's own grace. */}}
{{- define "pagefleet.grace" -}}
{{ add 30 (int .) }}
{{- end -}}

{{- define "pagefleet.fleet" -}}
{{- default (printf "%s/%s" .Release.Namespace (include "pagefleet.fullname" .)) .Values.fleet -}}
{{- end -}}

{{/* The configuration of all pods, as JSON object. What concerns one component is in its own pods. */}}
{{- define "pagefleet.config" -}}
{{- $config := dict
  "PAGEFLEET_STORE" .Values.store.url
  "PAGEFLEET_HOME" "/var/lib/pagefleet"
  "PAGEFLEET_LEASE_S" (include "pagefleet.text" .Values.leaseSeconds)
  "PAGEFLEET_METRICS_HOST" "0.0.0.0"
  "PAGEFLEET_METRICS_PORT" (include "pagefleet.text" .Values.metrics.port)
  "PAGEFLEET_FLEET" (include "pagefleet.fleet" .)
  "PAGEFLEET_LOG_FORMAT" "json" -}}
{{- with .Values.store.endpointUrl }}{{ $_ := set $config "PAGEFLEET_S3_ENDPOINT_URL" . }}{{ end -}}
{{- with .Values.store.region }}{{ $_ := set $config "PAGEFLEET_S3_REGION" . }}{{ end -}}
{{- with .Values.traces.endpoint -}}
{{- $_ := set $config "PAGEFLEET_TRACES" "otlp" -}}
{{- $_ := set $config "OTEL_EXPORTER_OTLP_ENDPOINT" . -}}
{{- end -}}
{{- mergeOverwrite $config (include "pagefleet.settings" .Values.settings | fromJson) | toJson -}}
{{- end -}}

{{/* The id of a pool, as shared.domain.pools makes it; a test compares the two. Arguments: pool (with all its values), root. */}}
{{- define "pagefleet.poolId" -}}
{{- $facts := index (.root.Files.Get "engines.yaml" | fromYaml).engines .pool.engine -}}
{{- $model := .pool.fullModel -}}
{{- if and (eq $model $facts.defaultModel) (not .pool.revision) -}}
{{ .pool.engine }}
{{- else -}}
{{- $weights := ternary (printf "%s@%s" $model .pool.revision) $model (not (empty .pool.revision)) -}}
{{- $slug := regexReplaceAll "[^A-Za-z0-9]+" (regexFind "[^/]*$" $model) "-" | trimAll "-" | lower | trunc 24 | trimAll "-" -}}
{{ .pool.engine }}-{{ default "model" $slug }}-{{ sha256sum $weights | trunc 10 }}
{{- end -}}
{{- end -}}

{{/* A pool with all its values as YAML, see presets.yaml; made once in each render. Arguments: root, name. */}}
{{- define "pagefleet.pool" -}}
{{- $made := .root.Values.madePools | default dict -}}
{{- if not (hasKey $made .name) -}}
{{- $_ := set $made .name (include "pagefleet.makePool" .) -}}
{{- $_ := set .root.Values "madePools" $made -}}
{{- end -}}
{{- index $made .name -}}
{{- end -}}

{{- define "pagefleet.makePool" -}}
{{- $own := deepCopy (index .root.Values.pools .name | default dict) -}}
{{- $presets := .root.Files.Get "presets.yaml" | fromYaml -}}
{{- $facts := (.root.Files.Get "engines.yaml" | fromYaml).engines -}}
{{- $engine := $own.engine | default (ternary .name (.root.Values.poolDefaults.engine | default .name) (hasKey $facts .name)) -}}
{{- if not (hasKey $facts $engine) -}}
{{- if $own.engine -}}
{{- fail (printf "pools.%s.engine: there is no engine %s; use one of: %s" .name $engine (keys $facts | sortAlpha | join ", ")) -}}
{{- else -}}
{{- fail (printf "pools.%s.engine is required; use one of: %s" .name (keys $facts | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- $defaults := deepCopy .root.Values.poolDefaults -}}
{{- $card := default $defaults.preset $own.preset -}}
{{- if and $card (not (hasKey $presets.cards $card)) -}}
{{- fail (printf "pools.%s.preset: there is no preset %s; use one of: %s" .name $card (keys $presets.cards | sortAlpha | join ", ")) -}}
{{- end -}}
{{- $owner := index $facts $engine -}}
{{- $sizes := dict -}}
{{- if and $card $owner.ownsGpus -}}
{{- $sizes = omit (index $presets.cards $card) "inFlight" -}}
{{- with get (index $presets.cards $card).inFlight $engine }}{{ $_ := set $sizes "inFlight" . }}{{ end -}}
{{- end -}}
{{- $pool := mergeOverwrite (deepCopy $presets.base) (deepCopy (get $presets.engines $engine | default dict)) (deepCopy $sizes) $defaults $own -}}
{{- $_ := set $pool "engine" $engine -}}
{{- range $part := list "requests" "limits" -}}
{{- $amounts := get $pool.resources $part | default dict -}}
{{- range $name, $amount := $amounts }}{{ if kindIs "invalid" $amount }}{{ $_ := unset $amounts $name }}{{ end }}{{ end -}}
{{- end -}}
{{- $perEngine := mul (int $pool.tensorParallel) (int $pool.pipelineParallel) -}}
{{- $gpus := ternary 0 (ternary $perEngine 0 $owner.ownsGpus) (not (kindIs "invalid" $pool.gpus)) -}}
{{- if not (kindIs "invalid" $pool.gpus) }}{{ $gpus = $pool.gpus }}{{ end -}}
{{- $_ := set $pool "gpus" (int $gpus) -}}
{{- /* Engine processes of one pod: each has a metrics port and its share of concurrency. */ -}}
{{- $groups := max 1 (div (int $gpus) (max 1 $perEngine)) -}}
{{- $_ := set $pool "processes" (mul $groups (ternary (int $pool.enginesPerGpu) 1 (and $owner.sharesGpus (gt (int $gpus) 0)))) -}}
{{- $_ := set $pool "perPod" (default (mul $groups (int $pool.inFlight)) $pool.concurrency | int) -}}
{{- $_ := set $pool "maxPods" (ternary $pool.autoscaling.maxReplicas $pool.replicas $pool.autoscaling.enabled | int) -}}
{{- $_ := set $pool "fullModel" (default $owner.defaultModel (get $owner.models $pool.model | default $pool.model)) -}}
{{- $_ := set $pool "id" (include "pagefleet.poolId" (dict "root" .root "pool" $pool)) -}}
{{- toYaml $pool -}}
{{- end -}}

{{/* How a pool's model volume is made: none, claim, hostPath, image or ephemeral. */}}
{{- define "pagefleet.cacheKind" -}}
{{- if not .enabled -}}none
{{- else if or .existingClaim .create -}}claim
{{- else if .hostPath -}}hostPath
{{- else if .image.reference -}}image
{{- else -}}ephemeral
{{- end -}}
{{- end -}}

{{/* "true" where no pod can write to the model volume. */}}
{{- define "pagefleet.cacheReadOnly" -}}
{{- if or .readOnly (eq .accessMode "ReadOnlyMany") (eq (include "pagefleet.cacheKind" .) "image") -}}true{{- end -}}
{{- end -}}

{{/* "true" where an init container downloads the weights. */}}
{{- define "pagefleet.downloads" -}}
{{- $kind := include "pagefleet.cacheKind" .modelCache -}}
{{- $wanted := .modelCache.download.enabled -}}
{{- if kindIs "invalid" $wanted -}}
{{- $wanted = and (ne $kind "none") (not (include "pagefleet.cacheReadOnly" .modelCache)) (not .modelCache.initCommand) (not (hasPrefix "/" .model)) -}}
{{- end -}}
{{- if $wanted -}}true{{- end -}}
{{- end -}}
