{{/* Arguments: root, component, port (name of the container's port). */}}
{{- define "pagefleet.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "pagefleet.fullname" .root }}-{{ .component }}
  labels:
    {{- include "pagefleet.labels" .root | nindent 4 }}
spec:
  selector:
    {{- include "pagefleet.selector" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  ports:
    - {name: http, port: 80, targetPort: {{ .port }}}
{{- end -}}

{{/* Ingress and HTTPRoute of a Service, each if enabled. Arguments: root, component, ingress, httpRoute, path. */}}
{{- define "pagefleet.exposed" -}}
{{- $name := printf "%s-%s" (include "pagefleet.fullname" .root) .component -}}
{{- $ingress := .ingress | default dict -}}
{{- $route := .httpRoute | default dict -}}
{{- if $ingress.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ $name }}
  labels:
    {{- include "pagefleet.labels" .root | nindent 4 }}
  {{- with $ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with $ingress.className }}
  ingressClassName: {{ . | quote }}
  {{- end }}
  rules:
    - host: {{ $ingress.host | quote }}
      http:
        paths:
          - path: {{ .path }}
            pathType: Prefix
            backend:
              service:
                name: {{ $name }}
                port: {name: http}
  {{- with $ingress.tlsSecret }}
  tls:
    - hosts: [{{ $ingress.host | quote }}]
      secretName: {{ . | quote }}
  {{- end }}
{{- end }}
{{- if $route.enabled }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ $name }}
  labels:
    {{- include "pagefleet.labels" .root | nindent 4 }}
  {{- with $route.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  parentRefs:
    {{- toYaml $route.parentRefs | nindent 4 }}
  {{- with $route.hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - matches:
        - path: {type: PathPrefix, value: {{ .path }}}
      {{- with $route.filters }}
      filters:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      backendRefs:
        - {name: {{ $name }}, port: 80}
{{- end }}
{{- end -}}
