{{- define "pagefleet.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "pagefleet.selector" -}}
app.kubernetes.io/name: pagefleet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "pagefleet.labels" -}}
{{ include "pagefleet.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "pagefleet.image" -}}
{{- $image := .image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .root.Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{- define "pagefleet.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "pagefleet.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "pagefleet.redisHost" -}}
{{- if .Values.redis.builtin.enabled -}}
{{ include "pagefleet.fullname" . }}-valkey
{{- else -}}
{{ .Values.redis.external.host }}
{{- end -}}
{{- end -}}

{{- define "pagefleet.redisPort" -}}
{{- if .Values.redis.builtin.enabled -}}6379{{- else -}}{{ .Values.redis.external.port }}{{- end -}}
{{- end -}}

{{- define "pagefleet.redisDatabase" -}}
{{- if .Values.redis.builtin.enabled -}}0{{- else -}}{{ .Values.redis.external.database }}{{- end -}}
{{- end -}}

{{- define "pagefleet.redisTls" -}}
{{- if and (not .Values.redis.builtin.enabled) .Values.redis.external.tls -}}true{{- end -}}
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

{{- define "pagefleet.redisUrl" -}}
{{- $scheme := ternary "rediss" "redis" (eq (include "pagefleet.redisTls" .) "true") -}}
{{- $user := "" -}}
{{- if not .Values.redis.builtin.enabled -}}{{- $user = .Values.redis.external.username -}}{{- end -}}
{{- $password := "" -}}
{{- if include "pagefleet.redisSecret" . -}}{{- $password = ":$(REDIS_PASSWORD)" -}}{{- end -}}
{{- $login := printf "%s%s" $user $password -}}
{{ $scheme }}://{{ with $login }}{{ . }}@{{ end }}{{ include "pagefleet.redisHost" . }}:{{ include "pagefleet.redisPort" . }}/{{ include "pagefleet.redisDatabase" . }}
{{- end -}}

{{/* Twice the pages that the largest pool holds or scales on, so that the window limits neither the pool nor the scaler. */}}
{{- define "pagefleet.dispatchWindow" -}}
{{- $window := 64 -}}
{{- range $engine, $pool := .Values.pools -}}
{{- if $pool.enabled -}}
{{- $most := ternary $pool.autoscaling.maxReplicas $pool.replicas $pool.autoscaling.enabled -}}
{{- $pages := default (mul 2 (int $pool.concurrency)) $pool.autoscaling.pagesPerReplica -}}
{{- $window = max $window (mul 2 (int $most) (max (int $pool.concurrency) (int $pages))) -}}
{{- end -}}
{{- end -}}
{{ $window }}
{{- end -}}

{{/* Seconds from SIGTERM to SIGKILL: the drain and a margin that exceeds the supervisor's own grace. */}}
{{- define "pagefleet.grace" -}}
{{ add 30 (int .) }}
{{- end -}}

{{- define "pagefleet.env" -}}
{{- if include "pagefleet.redisSecret" . }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "pagefleet.redisSecret" . }}
      key: {{ include "pagefleet.redisSecretKey" . }}
{{- end }}
- name: PAGEFLEET_REDIS_URL
  value: {{ include "pagefleet.redisUrl" . | quote }}
{{- end -}}

{{- define "pagefleet.envFrom" -}}
- configMapRef:
    name: {{ include "pagefleet.fullname" . }}
{{- with .Values.store.existingSecret }}
- secretRef:
    name: {{ . }}
{{- end }}
{{- with .Values.extraEnvFrom }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pagefleet.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "pagefleet.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Liveness and startup read the worker's own heartbeat and never the broker, so that an outage restarts no pod. */}}
{{- define "pagefleet.probes" -}}
startupProbe:
  httpGet: {path: /startupz, port: metrics}
  periodSeconds: 10
  failureThreshold: {{ max 6 (div (int .startupSeconds) 10) }}
livenessProbe:
  httpGet: {path: /livez, port: metrics}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 20
  timeoutSeconds: 5
{{- end -}}

{{- define "pagefleet.priority" -}}
{{- if .root.Values.priorityClass.create -}}
priorityClassName: {{ include "pagefleet.fullname" .root }}-{{ .kind }}
{{- else if index .root.Values.priorityClass .kind -}}
priorityClassName: {{ index .root.Values.priorityClass .kind }}
{{- end -}}
{{- end -}}

{{- define "pagefleet.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A Deployment without an engine. Arguments: root, component, args, replicas, part (its values), drain. */}}
{{- define "pagefleet.controlDeployment" -}}
{{- $root := .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "pagefleet.fullname" $root }}-{{ .component }}
  labels:
    {{- include "pagefleet.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ .replicas }}
  revisionHistoryLimit: 3
  {{- with .strategy }}
  strategy: {type: {{ . }}}
  {{- end }}
  selector:
    matchLabels:
      {{- include "pagefleet.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "pagefleet.selector" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- with $root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/config: {{ include (print $root.Template.BasePath "/configmap.yaml") $root | sha256sum }}
        {{- with $root.Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "pagefleet.serviceAccount" $root }}
      automountServiceAccountToken: {{ $root.Values.serviceAccount.automountToken }}
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ include "pagefleet.grace" .drain }}
      securityContext:
        {{- include "pagefleet.podSecurity" $root | nindent 8 }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with include "pagefleet.priority" (dict "root" $root "kind" "control") }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- with include "pagefleet.placement" .part }}
      {{- . | nindent 6 }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "pagefleet.image" (dict "root" $root "image" $root.Values.image) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: {{ toJson .args }}
          envFrom:
            {{- include "pagefleet.envFrom" $root | nindent 12 }}
          env:
            {{- include "pagefleet.env" $root | nindent 12 }}
            - name: PAGEFLEET_DRAIN_S
              value: {{ .drain | quote }}
            {{- with .env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - {name: {{ default "metrics" .portName }}, containerPort: {{ default $root.Values.metrics.port .port }}}
          {{- if .probes }}
          {{- toYaml .probes | nindent 10 }}
          {{- else }}
          {{- include "pagefleet.probes" (dict "startupSeconds" 120) | nindent 10 }}
          {{- end }}
          resources:
            {{- toYaml .part.resources | nindent 12 }}
          securityContext:
            {{- include "pagefleet.containerSecurity" $root | nindent 12 }}
          volumeMounts:
            - {name: home, mountPath: /var/lib/pagefleet}
            - {name: tmp, mountPath: /tmp}
      volumes:
        - {name: home, emptyDir: {}}
        - {name: tmp, emptyDir: {}}
{{- end -}}
