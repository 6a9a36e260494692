{{- define "pagefleet.redisHost" -}}
{{- if .Values.redis.builtin.enabled -}}
{{ include "pagefleet.fullname" . }}-valkey
{{- else -}}
{{ .Values.redis.external.host }}
{{- end -}}
{{- end -}}

{{/* The broker's address for KEDA, which has a namespace of its own: a name without a dot is one in the release's. */}}
{{- define "pagefleet.fromOtherNamespaces" -}}
{{- $host := regexReplaceAll ":[0-9]+$" .address "" -}}
{{- if regexMatch "[.:]" $host }}{{ .address }}{{ else }}{{ printf "%s.%s.svc%s" $host .root.Release.Namespace (trimPrefix $host .address) }}{{ end -}}
{{- end -}}

{{- define "pagefleet.redisAddress" -}}
{{- $address := printf "%s:%s" (include "pagefleet.redisHost" .) (include "pagefleet.redisPort" .) -}}
{{ include "pagefleet.fromOtherNamespaces" (dict "root" . "address" $address) }}
{{- end -}}

{{- define "pagefleet.redisPort" -}}
{{- if .Values.redis.builtin.enabled -}}6379{{- else -}}{{ int .Values.redis.external.port }}{{- end -}}
{{- end -}}

{{- define "pagefleet.redisDatabase" -}}
{{- if .Values.redis.builtin.enabled -}}0{{- else -}}{{ int .Values.redis.external.database }}{{- end -}}
{{- end -}}

{{- define "pagefleet.redisTls" -}}
{{- if and (not .Values.redis.builtin.enabled) .Values.redis.external.tls -}}true{{- end -}}
{{- end -}}

{{/* Addresses of the Sentinels of an external broker, with commas; "" without Sentinels. */}}
{{- define "pagefleet.redisSentinels" -}}
{{- $addresses := list -}}
{{- if not .Values.redis.builtin.enabled -}}
{{- range .Values.redis.external.sentinel.addresses }}{{ $addresses = append $addresses (include "pagefleet.fromOtherNamespaces" (dict "root" $ "address" .)) }}{{ end -}}
{{- end -}}
{{- join "," $addresses -}}
{{- end -}}

{{/* Name of the Secret with certificates of an external broker; "" without one. */}}
{{- define "pagefleet.redisCertificates" -}}
{{- if include "pagefleet.redisTls" . -}}{{ .Values.redis.external.certificates.secret }}{{- end -}}
{{- end -}}

{{- define "pagefleet.redisSecret" -}}
{{- if .Values.redis.builtin.enabled -}}
{{ default (printf "%s-valkey" (include "pagefleet.fullname" .)) .Values.redis.builtin.existingSecret }}
{{- else -}}
{{ .Values.redis.external.existingSecret }}
{{- end -}}
{{- end -}}

{{- define "pagefleet.redisSecretKey" -}}
{{- if .Values.redis.builtin.enabled -}}password{{- else -}}{{ .Values.redis.external.passwordKey }}{{- end -}}
{{- end -}}

{{/* Variables of the broker as JSON object: a text, or an object with valueFrom. Kubernetes reads $$ as $. */}}
{{- define "pagefleet.redisEnv" -}}
{{- $scheme := ternary "rediss" "redis" (eq (include "pagefleet.redisTls" .) "true") -}}
{{- $url := printf "%s://%s:%s/%s" $scheme (include "pagefleet.redisHost" .) (include "pagefleet.redisPort" .) (include "pagefleet.redisDatabase" .) -}}
{{- $env := dict "PAGEFLEET_REDIS_URL" $url -}}
{{- $external := .Values.redis.external -}}
{{- $sentinel := $external.sentinel -}}
{{- if include "pagefleet.redisSentinels" . -}}
{{- $parts := list -}}
{{- range $sentinel.addresses }}{{ $parts = append $parts (printf "sentinel://%s/%s" . (include "pagefleet.redisDatabase" $)) }}{{ end -}}
{{- $_ := set $env "PAGEFLEET_REDIS_URL" (join ";" $parts) -}}
{{- $_ := set $env "PAGEFLEET_REDIS_SENTINEL_MASTER" ($sentinel.master | replace "$" "$$") -}}
{{- with $sentinel.existingSecret -}}
{{- $_ := set $env "PAGEFLEET_REDIS_SENTINEL_PASSWORD" (include "pagefleet.secretKey" (dict "name" . "key" $sentinel.passwordKey) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- if and (not .Values.redis.builtin.enabled) $external.shards -}}
{{- $parts := list -}}
{{- range $external.shards }}{{ $parts = append $parts (printf "%s://%s/%s" $scheme . (include "pagefleet.redisDatabase" $)) }}{{ end -}}
{{- $_ := set $env "PAGEFLEET_REDIS_URL" (join "," $parts) -}}
{{- end -}}
{{- if and (not .Values.redis.builtin.enabled) $external.username -}}
{{- $_ := set $env "PAGEFLEET_REDIS_USERNAME" ($external.username | replace "$" "$$") -}}
{{- end -}}
{{- if include "pagefleet.redisSecret" . -}}
{{- $_ := set $env "PAGEFLEET_REDIS_PASSWORD" (include "pagefleet.secretKey" (dict "name" (include "pagefleet.redisSecret" .) "key" (include "pagefleet.redisSecretKey" .)) | fromJson) -}}
{{- end -}}
{{- if include "pagefleet.redisCertificates" . -}}
{{- range $setting, $file := dict "CA_FILE" $external.certificates.ca "CERT_FILE" $external.certificates.cert "KEY_FILE" $external.certificates.key -}}
{{- if $file }}{{ $_ := set $env (printf "PAGEFLEET_REDIS_%s" $setting) (printf "/etc/pagefleet/redis/%s" $file) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toJson $env -}}
{{- end -}}

{{- define "pagefleet.secretKey" -}}
{{- dict "valueFrom" (dict "secretKeyRef" (dict "name" .name "key" .key)) | toJson -}}
{{- end -}}
