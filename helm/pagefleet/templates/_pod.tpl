{{- define "pagefleet.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Startup and liveness never depend on the broker, so that an outage restarts no pod. */}}
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

{{/* Name of a PriorityClass of this release. Such classes belong to no namespace, so the name has it. */}}
{{- define "pagefleet.priorityClass" -}}
{{ .root.Release.Namespace }}-{{ include "pagefleet.fullname" .root }}-{{ .kind }}
{{- end -}}

{{- define "pagefleet.priority" -}}
{{- if .root.Values.priorityClass.create -}}
priorityClassName: {{ include "pagefleet.priorityClass" (dict "root" .root "kind" .kind) }}
{{- else if index .root.Values.priorityClass .kind -}}
priorityClassName: {{ index .root.Values.priorityClass .kind | quote }}
{{- end -}}
{{- end -}}

{{/* Where a pod may run. Arguments: part, labels (of the pods that a constraint without selector counts). */}}
{{- define "pagefleet.placement" -}}
{{- with .part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.topologySpreadConstraints }}
{{- $labels := $.labels }}
topologySpreadConstraints:
  {{- range . }}
  - {{- toYaml (merge (deepCopy .) (dict "labelSelector" (dict "matchLabels" $labels))) | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The service account of a component. Arguments: root, part (its values), component, account (suffix of an account of its own; default: component). */}}
{{- define "pagefleet.serviceAccount" -}}
{{- $own := .part.serviceAccount | default dict -}}
{{- if $own.create -}}
{{ default (printf "%s-%s" (include "pagefleet.fullname" .root) (default .component .account)) $own.name }}
{{- else if $own.name -}}
{{ $own.name }}
{{- else if .root.Values.serviceAccount.create -}}
{{ default (include "pagefleet.fullname" .root) .root.Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .root.Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{/*
Spec and metadata of one pod. Arguments: root; component; part (its values); container (name); image
(of the values); args; env (object of texts and objects with valueFrom); ports; probes (YAML); drain;
kind (control or worker); store (false: no credentials of the store). Optional: mounts, volumes,
initContainers, annotations, runtimeClassName, resources, account (suffix of its own service account),
token (true: mount the token of the Kubernetes API).
*/}}
{{- define "pagefleet.podTemplate" -}}
{{- $root := .root -}}
{{- $part := .part -}}
{{- $labels := mergeOverwrite (dict "app.kubernetes.io/component" .component) (include "pagefleet.selector" $root | fromYaml) -}}
{{- $certificates := include "pagefleet.redisCertificates" $root -}}
{{- $volumes := concat (.volumes | default list) ($root.Values.extraVolumes | default list) ($part.extraVolumes | default list) -}}
{{- include "pagefleet.checkVolumes" (dict "component" .component "volumes" $volumes) -}}
metadata:
  labels:
    {{- toYaml (merge (deepCopy $labels) ($part.podLabels | default dict) ($root.Values.podLabels | default dict)) | nindent 4 }}
  annotations:
    checksum/config: {{ include "pagefleet.config" $root | sha256sum }}
    {{- with include "pagefleet.secretsChecksum" $root }}
    checksum/secrets: {{ . }}
    {{- end }}
    {{- with mergeOverwrite (deepCopy ($root.Values.podAnnotations | default dict)) (.annotations | default dict) ($part.podAnnotations | default dict) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "pagefleet.serviceAccount" . | quote }}
  automountServiceAccountToken: {{ or .token $root.Values.serviceAccount.automountToken | ternary true false }}
  enableServiceLinks: false
  # The drain, the supervisor's own grace and a margin, before Kubernetes sends SIGKILL.
  terminationGracePeriodSeconds: {{ include "pagefleet.grace" .drain }}
  securityContext:
    {{- toYaml $root.Values.podSecurityContext | nindent 4 }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .runtimeClassName }}
  runtimeClassName: {{ . | quote }}
  {{- end }}
  {{- with $part.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- else }}
  {{- with include "pagefleet.priority" (dict "root" $root "kind" .kind) }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- with include "pagefleet.placement" (dict "part" $part "labels" $labels) }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with concat (.initContainers | default list) ($part.extraInitContainers | default list) }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .container }}
      image: {{ include "pagefleet.image" (dict "root" $root "image" .image) }}
      imagePullPolicy: {{ .image.pullPolicy }}
      args: {{ toJson .args }}
      envFrom:
        - configMapRef:
            name: {{ include "pagefleet.fullname" $root }}
        {{- if .store }}
        {{- with $part.storeSecret | default $root.Values.store.existingSecret }}
        - secretRef:
            name: {{ . | quote }}
        {{- end }}
        {{- end }}
        {{- with concat ($root.Values.extraEnvFrom | default list) ($part.extraEnvFrom | default list) }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        {{- include "pagefleet.envList" . | nindent 8 }}
      {{- with .ports }}
      ports:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- .probes | nindent 6 }}
      resources:
        {{- toYaml (.resources | default $part.resources) | nindent 8 }}
      securityContext:
        {{- include "pagefleet.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        - {name: home, mountPath: /var/lib/pagefleet}
        - {name: tmp, mountPath: /tmp}
        {{- if $certificates }}
        - {name: redis-certificates, mountPath: /etc/pagefleet/redis, readOnly: true}
        {{- end }}
        {{- with concat (.mounts | default list) ($root.Values.extraVolumeMounts | default list) ($part.extraVolumeMounts | default list) }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with $part.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - {name: home, emptyDir: {}}
    - {name: tmp, emptyDir: {}}
    {{- if $certificates }}
    - name: redis-certificates
      secret: {secretName: {{ $certificates | quote }}, defaultMode: 0440}
    {{- end }}
    {{- with $volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Variables as list, each name once: broker, chart, settings and env of the component, extraEnv; the last one counts. */}}
{{- define "pagefleet.envList" -}}
{{- $env := include "pagefleet.redisEnv" .root | fromJson -}}
{{- $_ := set $env "PAGEFLEET_DRAIN_S" (toString .drain) -}}
{{- $env = mergeOverwrite $env (.env | default dict) -}}
{{- range $name, $value := include "pagefleet.settings" (.part.settings | default dict) | fromJson }}{{ $_ := set $env $name ($value | replace "$" "$$") }}{{ end -}}
{{- range $name, $value := include "pagefleet.operatorEnv" . | fromJson }}{{ $_ := set $env $name $value }}{{ end -}}
{{- include "pagefleet.variables" $env -}}
{{- end -}}

{{/* Variables of the operator as JSON object: env of a pool, extraEnv. Arguments: root, part. */}}
{{- define "pagefleet.operatorEnv" -}}
{{- $env := dict -}}
{{- range $name, $value := .part.env | default dict }}{{ $_ := set $env $name (include "pagefleet.text" $value) }}{{ end -}}
{{- range concat (.root.Values.extraEnv | default list) (.part.extraEnv | default list) -}}
{{- $_ := set $env .name (omit . "name") -}}
{{- end -}}
{{- toJson $env -}}
{{- end -}}

{{/* A list of variables, sorted by name. Argument: map of texts and objects with valueFrom. */}}
{{- define "pagefleet.variables" -}}
{{- $list := list -}}
{{- range $name := keys . | sortAlpha -}}
{{- $value := index $ $name -}}
{{- $list = append $list (ternary (merge (dict "name" $name) (ternary $value dict (kindIs "map" $value))) (dict "name" $name "value" $value) (kindIs "map" $value)) -}}
{{- end -}}
{{- toYaml $list -}}
{{- end -}}

{{/* Changes with each password that the chart can see, and with secretsVersion. */}}
{{- define "pagefleet.secretsChecksum" -}}
{{- $seen := toString .Values.secretsVersion -}}
{{- if and .Values.redis.builtin.enabled .Values.redis.builtin.generatePassword -}}
{{- $seen = printf "%s %s" $seen (include "pagefleet.valkeyPassword" .) -}}
{{- end -}}
{{- with $seen }}{{ sha256sum . }}{{ end -}}
{{- end -}}

{{/* The password that the first install generated; a new one at the first install. */}}
{{- define "pagefleet.valkeyPassword" -}}
{{- $name := printf "%s-valkey" (include "pagefleet.fullname" .) -}}
{{- $old := lookup "v1" "Secret" .Release.Namespace $name -}}
{{- if $old -}}
{{ index $old.data "password" | b64dec }}
{{- else if .Release.IsUpgrade -}}
{{- fail (printf "redis.builtin.generatePassword: there is no Secret %s to take the password from. Restore it, or name another one in redis.builtin.existingSecret; a dry run needs --dry-run=server, to look at the cluster" $name) -}}
{{- else -}}
{{- /* One value for a whole render. */ -}}
{{- if not (hasKey .Values.redis.builtin "generatedPassword") }}{{ $_ := set .Values.redis.builtin "generatedPassword" (randAlphaNum 32) }}{{ end -}}
{{ .Values.redis.builtin.generatedPassword }}
{{- end -}}
{{- end -}}

{{/* A Deployment of pods that read no pages. Arguments: those of pagefleet.podTemplate, replicas, strategy. */}}
{{- define "pagefleet.controlDeployment" -}}
{{- $root := .root -}}
{{- $ports := .ports -}}
{{- $probes := .probes | default (include "pagefleet.probes" (dict "startupSeconds" 120)) -}}
{{- $pod := mergeOverwrite (dict "container" .component "image" $root.Values.image "kind" "control" "store" true) . (dict "ports" $ports "probes" $probes) -}}
{{- $labels := mergeOverwrite (dict "app.kubernetes.io/component" .component) (include "pagefleet.selector" $root | fromYaml) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "pagefleet.fullname" $root }}-{{ .component }}
  labels:
    {{- include "pagefleet.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ int .replicas }}
  revisionHistoryLimit: 3
  {{- with .strategy }}
  strategy: {type: {{ . }}}
  {{- end }}
  selector:
    matchLabels:
      {{- toYaml $labels | nindent 6 }}
  template:
    {{- include "pagefleet.podTemplate" $pod | nindent 4 }}
{{- end -}}

{{/* Arguments: root, name (after the prefix of names), component (whose pods it counts), budget. */}}
{{- define "pagefleet.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "pagefleet.fullname" .root }}-{{ .name }}
  labels:
    {{- include "pagefleet.labels" .root | nindent 4 }}
spec:
  maxUnavailable: {{ .budget.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "pagefleet.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
{{- end -}}
